package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"manywire.dev/interop/service"
)

// goValue makes of a case's value what a Go program would pass: service.Args where it is one, otherwise a struct of its own type.
func goValue(data json.RawMessage) (any, error) {
	var pair struct{ A, B *taggedInt }
	strict := json.NewDecoder(bytes.NewReader(data))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&pair); err == nil && pair.A != nil && pair.B != nil {
		return &service.Args{A: int(*pair.A), B: int(*pair.B)}, nil
	}
	value, err := anyValue(data)
	if err != nil {
		return nil, err
	}
	return value.Interface(), nil
}

// taggedInt is {"$int": "5"}.
type taggedInt int

func (i *taggedInt) UnmarshalJSON(data []byte) error {
	var tag struct {
		Int *string `json:"$int"`
	}
	if err := json.Unmarshal(data, &tag); err != nil {
		return err
	}
	if tag.Int == nil {
		return errors.New("no int")
	}
	n, err := strconv.Atoi(*tag.Int)
	*i = taggedInt(n)
	return err
}

func anyValue(data json.RawMessage) (reflect.Value, error) {
	var none reflect.Value
	switch data[0] {
	case '{':
		fields, err := ordered(data)
		if err != nil {
			return none, err
		}
		if len(fields) == 1 && fields[0].name[0] == '$' {
			return special(fields[0].name, fields[0].data)
		}
		return structOf(fields)
	case '[':
		return sliceOf(data)
	case 'n':
		return none, errors.New("Go's clients have no nil to send")
	}
	var plain any
	err := json.Unmarshal(data, &plain)
	return reflect.ValueOf(plain), err
}

func special(tag string, data json.RawMessage) (reflect.Value, error) {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return reflect.Value{}, err
	}
	var value any
	var err error
	switch tag {
	case "$int":
		value, err = strconv.Atoi(text)
	case "$float":
		value, err = strconv.ParseFloat(text, 64)
	case "$bytes":
		value, err = hex.DecodeString(text)
	default:
		err = fmt.Errorf("no Go value for %s", tag)
	}
	return reflect.ValueOf(value), err
}

type field struct {
	name string
	data json.RawMessage
}

// ordered reads an object's fields in the order in which they stand.
func ordered(data json.RawMessage) ([]field, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	var fields []field
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		fields = append(fields, field{name.(string), value})
	}
	return fields, nil
}

func structOf(fields []field) (reflect.Value, error) {
	var types []reflect.StructField
	var values []reflect.Value
	for _, f := range fields {
		value, err := anyValue(f.data)
		if err != nil {
			return value, err
		}
		// A field of Go begins with a capital; JSON has it as the case writes it.
		name := strings.ToUpper(f.name[:1]) + f.name[1:]
		tag := reflect.StructTag(fmt.Sprintf(`json:"%s"`, f.name))
		types = append(types, reflect.StructField{Name: name, Type: value.Type(), Tag: tag})
		values = append(values, value)
	}
	made := reflect.New(reflect.StructOf(types)).Elem()
	for at, value := range values {
		made.Field(at).Set(value)
	}
	return made, nil
}

// sliceOf makes a slice of the type of its first item.
func sliceOf(data json.RawMessage) (reflect.Value, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(data, &items); err != nil || len(items) == 0 {
		return reflect.ValueOf([]string{}), err
	}
	var made reflect.Value
	for at, item := range items {
		value, err := anyValue(item)
		if err != nil {
			return value, err
		}
		if at == 0 {
			made = reflect.MakeSlice(reflect.SliceOf(value.Type()), 0, len(items))
		}
		if value.Type() != made.Type().Elem() {
			return value, errors.New("a Go slice has items of one type")
		}
		made = reflect.Append(made, value)
	}
	return made, nil
}

// tagged writes a reply as cases have it.
func tagged(value reflect.Value) any {
	switch value.Kind() {
	case reflect.Int:
		return map[string]string{"$int": strconv.FormatInt(value.Int(), 10)}
	case reflect.Float64:
		return map[string]string{"$float": strconv.FormatFloat(value.Float(), 'g', -1, 64)}
	case reflect.Struct:
		fields := map[string]any{}
		for at := 0; at < value.NumField(); at++ {
			fields[value.Type().Field(at).Name] = tagged(value.Field(at))
		}
		return fields
	}
	return value.Interface()
}
