package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// untagged makes of a case's value what JSON can say; numbers keep their text, and so their type.
func untagged(value any) (any, error) {
	var err error
	switch value := value.(type) {
	case []any:
		for at := range value {
			if value[at], err = untagged(value[at]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for key, content := range value {
			if text, ok := content.(string); ok && len(value) == 1 && strings.HasPrefix(key, "$") {
				return number(key, text)
			}
			if value[key], err = untagged(content); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

func number(tag, text string) (any, error) {
	if tag != "$int" && tag != "$float" {
		return nil, fmt.Errorf("JSON has no %s", tag[1:])
	}
	if _, err := strconv.ParseFloat(text, 64); err != nil || strings.ContainsAny(text, "nN") {
		return nil, fmt.Errorf("JSON has no number %s", text)
	}
	return json.Number(text), nil
}

// tagged writes what JSON said as cases have it.
func tagged(value any) any {
	switch value := value.(type) {
	case json.Number:
		if strings.ContainsAny(value.String(), ".eE") || value == "-0" {
			return map[string]string{"$float": value.String()}
		}
		return map[string]string{"$int": value.String()}
	case []any:
		for at := range value {
			value[at] = tagged(value[at])
		}
	case map[string]any:
		for key := range value {
			value[key] = tagged(value[key])
		}
	}
	return value
}
