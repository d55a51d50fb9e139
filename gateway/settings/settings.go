// Package settings reads a configuration file strictly into a struct, with the environment laid over it. It knows no key
// of its own: the struct's mapstructure tags are the keys. main calls it once, and tests do.
//
// Strict means that an unknown key or a value of the wrong type is an error that names the key, and so is an environment
// variable that matches no key.
package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"
)

const (
	tag    = "mapstructure" // the struct tag that holds a field's key
	squash = ",squash"      // of an embedded struct: its keys belong to the outer one
)

// Source says where settings come from.
type Source struct {
	Path      string   // a YAML file
	Optional  bool     // the file may be missing
	EnvPrefix string   // "APP": the key log.level is APP_LOG_LEVEL, the first of a list APP_ENDPOINTS_0_URL; lists grow
	Environ   []string // "NAME=value", as os.Environ returns it
}

// Load reads into the struct that config points to, which holds the defaults. elements are the defaults of structs that
// stand in lists, one of each type.
func (s Source) Load(config any, elements ...any) error {
	v := viper.NewWithOptions(viper.KeyDelimiter("\x00")) // no key holds one; header names may hold dots
	v.SetConfigFile(s.Path)
	v.SetConfigType("yaml")
	if err := v.ReadInConfig(); err != nil && (!s.Optional || !errors.Is(err, fs.ErrNotExist)) {
		return fmt.Errorf("read configuration %s: %w", s.Path, err)
	}
	if err := s.checkCase(); err != nil {
		return err
	}
	tree := v.AllSettings()
	env := map[string]string{}
	for _, pair := range s.Environ {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, s.EnvPrefix+"_") {
			env[name] = value
		}
	}
	if err := overlay(tree, reflect.TypeOf(config).Elem(), s.EnvPrefix, env); err != nil {
		return err
	}
	maps.DeleteFunc(env, func(name, _ string) bool { return injected(strings.TrimPrefix(name, s.EnvPrefix)) })
	if unused := slices.Sorted(maps.Keys(env)); len(unused) > 0 {
		return fmt.Errorf("environment variable %s matches no configuration key", strings.Join(unused, ", "))
	}
	defaults := map[reflect.Type]any{}
	for _, e := range elements {
		defaults[reflect.TypeOf(e)] = e
	}
	if err := decode(tree, config, defaults); err != nil {
		return fmt.Errorf("configuration %s: %w", s.Path, err)
	}
	return nil
}

// injected tells whether Kubernetes or Docker sets a variable of this name, less the prefix, for a service that is called
// as the program is.
func injected(name string) bool {
	return name == "_SERVICE_HOST" || strings.HasPrefix(name, "_SERVICE_PORT") || name == "_PORT" || strings.HasPrefix(name, "_PORT_")
}

// checkCase refuses keys that viper would take for others, because it does not tell upper from lower case outside lists.
func (s Source) checkCase() error {
	text, err := os.ReadFile(s.Path)
	if err != nil {
		return nil //nolint:nilerr // viper has said so, or the file may be missing
	}
	var written map[string]any
	if err := yaml.Unmarshal(text, &written); err != nil {
		return fmt.Errorf("read configuration %s: %w", s.Path, err)
	}
	return lower(written, "")
}

func lower(tree map[string]any, path string) error {
	for key, value := range tree {
		if key != strings.ToLower(key) {
			return fmt.Errorf("configuration key %s%s is unknown: keys are written in lower case", path, key)
		}
		if nested, ok := value.(map[string]any); ok {
			if err := lower(nested, path+key+"."); err != nil {
				return err
			}
		}
	}
	return nil
}

// overlay sets the keys of tree, which is shaped like structure, that the environment names. It takes what it used out
// of env.
func overlay(tree map[string]any, structure reflect.Type, prefix string, env map[string]string) error {
	for field := range structure.Fields() {
		key := field.Tag.Get(tag)
		switch key {
		case "":
			continue // not for users
		case squash:
			if err := overlay(tree, field.Type, prefix, env); err != nil {
				return err
			}
			continue
		}
		name := prefix + "_" + strings.ToUpper(key)
		if err := overlayField(tree, key, field.Type, name, env); err != nil {
			return err
		}
	}
	return nil
}

func overlayField(tree map[string]any, key string, t reflect.Type, name string, env map[string]string) error {
	if t.Kind() == reflect.Struct {
		nested, isMap := tree[key].(map[string]any)
		if !isMap && tree[key] != nil {
			return nil // decode will say so
		}
		if !isMap {
			nested = map[string]any{}
		}
		err := overlay(nested, t, name, env)
		if len(nested) > 0 {
			tree[key] = nested
		}
		return err
	}
	if text, ok := env[name]; ok {
		value, err := read(text, t)
		if err != nil {
			return fmt.Errorf("environment variable %s: %w", name, err)
		}
		tree[key] = value
		delete(env, name)
	}
	if t.Kind() != reflect.Slice || t.Elem().Kind() != reflect.Struct {
		return nil
	}
	items, isList := tree[key].([]any)
	if !isList && tree[key] != nil {
		return nil // decode will say so
	}
	for i := 0; i < len(items) || named(env, name+"_"+strconv.Itoa(i)+"_"); i++ {
		if i == len(items) {
			items = append(items, map[string]any{})
			tree[key] = items
		}
		if nested, ok := items[i].(map[string]any); ok {
			if err := overlay(nested, t.Elem(), name+"_"+strconv.Itoa(i), env); err != nil {
				return err
			}
		}
	}
	return nil
}

// named tells whether a variable starts like this.
func named(env map[string]string, prefix string) bool {
	for name := range env {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// read reads the text of a variable as the type needs it: strings and durations as they are, everything else as YAML.
func read(text string, t reflect.Type) (value any, err error) {
	if t.Kind() == reflect.String || t == reflect.TypeFor[time.Duration]() {
		return text, nil
	}
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return nil, fmt.Errorf("read %q: %w", text, err)
	}
	return value, nil
}

// decode fills what to points to. A struct of a type in defaults starts from there.
func decode(from, to any, defaults map[reflect.Type]any) error {
	start := func(from, to reflect.Type, data any) (any, error) {
		element, known := defaults[to]
		if !known || from.Kind() != reflect.Map {
			return data, nil
		}
		others := maps.Clone(defaults)
		delete(others, to) // or this hook would call itself
		filled := reflect.New(to)
		filled.Elem().Set(reflect.ValueOf(element))
		err := decode(data, filled.Interface(), others)
		return filled.Elem().Interface(), err
	}
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		Result:      to,
		TagName:     tag,
		ErrorUnused: true,
		MatchName:   func(key, field string) bool { return key == field },
		DecodeHook:  mapstructure.ComposeDecodeHookFunc(mapstructure.StringToTimeDurationHookFunc(), wholeNumbers, start),
	})
	if err != nil {
		return err
	}
	return decoder.Decode(from)
}

// wholeNumbers refuses fractions, and numbers too large for YAML's integers, where an integer is needed.
func wholeNumbers(_, to reflect.Type, data any) (any, error) {
	number, isFloat := data.(float64)
	if isFloat && reflect.Int <= to.Kind() && to.Kind() <= reflect.Uint64 {
		return nil, fmt.Errorf("%v is not a whole number in range", number)
	}
	return data, nil
}
