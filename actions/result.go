package actions

import (
	"fmt"
	"reflect"
	"strings"
)

// field is one member of data, for the document.
type field struct{ name, kind, doc string }

// documentResult names the type of data and fills *fields from R's tags, unless the declaration brought its own.
func documentResult(fields *[]field, r reflect.Type) (kind string, err error) {
	if r == reflect.TypeFor[none]() {
		return "null", nil
	}
	kind = kindOf(r)
	if len(*fields) > 0 {
		return "object", nil
	}
	for r.Kind() == reflect.Slice {
		r = r.Elem()
	}
	switch r.Kind() {
	case reflect.Struct:
		*fields, err = fieldsOf(r, "")
		return kind, err
	case reflect.String:
		return kind, nil
	default:
		return "", fmt.Errorf("result %s cannot be documented", r)
	}
}

// fieldsOf reads the members of a struct; those of an object within it are written "outer.inner".
func fieldsOf(t reflect.Type, prefix string) ([]field, error) {
	var fields []field
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		doc := f.Tag.Get("doc")
		if name == "" || doc == "" {
			return nil, fmt.Errorf("result field %s: tags json and doc are needed", f.Name)
		}
		if strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero") {
			doc += " (may be absent)"
		}
		fields = append(fields, field{name: prefix + name, kind: kindOf(f.Type), doc: doc})
		inner := f.Type
		for inner.Kind() == reflect.Slice && !isMessage(inner) || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			nested, err := fieldsOf(inner, prefix+name+".")
			if err != nil {
				return nil, err
			}
			fields = append(fields, nested...)
		}
	}
	return fields, nil
}

func isMessage(t reflect.Type) bool { return t == reflect.TypeFor[formatted]() }

// kindOf is OneBot's word for a type.
func kindOf(t reflect.Type) string {
	switch {
	case isMessage(t):
		return "message"
	case t.Kind() == reflect.Slice:
		return kindOf(t.Elem()) + "[]"
	case t.Kind() == reflect.Pointer:
		return kindOf(t.Elem())
	case t.Kind() == reflect.Struct:
		return "object"
	case t.Kind() == reflect.Bool:
		return "boolean"
	case t.Kind() == reflect.Int:
		return "int32"
	default:
		return t.Kind().String()
	}
}
