package actions

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-json"
)

// Frameworks write ids as numbers or strings and booleans in half a dozen ways; all of them are read. What would have
// to be guessed is refused: go-cqhttp reads "12abc" as 0 and wraps what does not fit.

func setID(raw []byte, field reflect.Value) error {
	n, err := integer(raw, 64)
	switch {
	case err != nil:
		return err
	case n <= 0:
		return fmt.Errorf("needs a number greater than 0, got %s", got(raw))
	}
	field.SetInt(n)
	return nil
}

// zeroIsAbsent leaves the field alone when a 0 is given.
func zeroIsAbsent(set setter) setter {
	return func(raw []byte, field reflect.Value) error {
		if n, err := integer(raw, 64); err == nil && n == 0 {
			return nil
		}
		return set(raw, field)
	}
}

func setInt(raw []byte, field reflect.Value) error {
	n, err := integer(raw, field.Type().Bits())
	if err != nil {
		return err
	}
	field.SetInt(n)
	return nil
}

func setUint(raw []byte, field reflect.Value) error {
	n, err := integer(raw, 64)
	switch {
	case err != nil:
		return err
	case n < 0 || field.OverflowUint(uint64(n)):
		return outOfRange(raw)
	}
	field.SetUint(uint64(n))
	return nil
}

func setBool(raw []byte, field reflect.Value) error {
	text, ok := scalar(raw)
	if !ok {
		return fmt.Errorf("needs true or false, got %s", got(raw))
	}
	switch strings.ToLower(text) {
	case "true", "1", "yes", "y", "on", "t":
		field.SetBool(true)
	case "false", "0", "no", "n", "off", "f":
		field.SetBool(false)
	default:
		return fmt.Errorf("needs true or false, got %s", got(raw))
	}
	return nil
}

// setString also takes numbers and booleans as they are written: Koishi turns ids of digits into numbers.
func setString(raw []byte, field reflect.Value) error {
	text, ok := scalar(raw)
	if !ok {
		return fmt.Errorf("needs a string, got %s", got(raw))
	}
	field.SetString(text)
	return nil
}

// integer reads a whole number of at most the given bits from a JSON number or from a string that holds one. 1.0 and
// 1e3 are whole numbers too, below the 2^53 up to which a float64 is exact.
func integer(raw []byte, bits int) (int64, error) {
	text, ok := scalar(raw)
	if !ok {
		return 0, fmt.Errorf("needs a number, got %s", got(raw))
	}
	n, err := strconv.ParseInt(text, 10, bits)
	if err == nil {
		return n, nil
	}
	if !isNumber(text) {
		return 0, fmt.Errorf("needs a number, got %s", got(raw))
	}
	if errors.Is(err, strconv.ErrRange) {
		return 0, outOfRange(raw)
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.Abs(f) >= 1<<53:
		return 0, outOfRange(raw)
	case f != math.Trunc(f):
		return 0, fmt.Errorf("needs a whole number, got %s", got(raw))
	}
	if n = int64(f); n>>(bits-1) != 0 && n>>(bits-1) != -1 {
		return 0, outOfRange(raw)
	}
	return n, nil
}

// isNumber tells whether text is a number as JSON writes it: no "inf", no "0x1p4".
func isNumber(text string) bool {
	return text != "" && (text[0] == '-' || '0' <= text[0] && text[0] <= '9') && json.Valid([]byte(text))
}

// scalar is the text of a JSON string, number or boolean.
func scalar(raw []byte) (string, bool) {
	switch raw[0] {
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err == nil
	case '{', '[':
		return "", false
	default:
		return string(raw), true
	}
}

func outOfRange(raw []byte) error { return fmt.Errorf("is out of range: %s", got(raw)) }

// got shows a value that was not understood, shortened.
func got(raw []byte) string {
	if raw[0] == '"' {
		if s, ok := scalar(raw); ok {
			return abbreviate(s)
		}
	}
	const most = 64
	if len(raw) > most {
		return strings.ToValidUTF8(string(raw[:most]), "") + "..."
	}
	return string(raw)
}
