package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// plain writes a case's tagged value as protobuf's JSON has it: numbers as texts, bytes in base64.
func plain(data json.RawMessage) (json.RawMessage, error) {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return nil, err
	}
	walked, err := walk(value)
	if err != nil {
		return nil, err
	}
	return json.Marshal(walked)
}

func walk(value any) (any, error) {
	var err error
	switch value := value.(type) {
	case []any:
		for at := range value {
			if value[at], err = walk(value[at]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for key, content := range value {
			if text, ok := content.(string); ok && len(value) == 1 && strings.HasPrefix(key, "$") {
				return untagged(key, text)
			}
			if value[key], err = walk(content); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

func untagged(tag, text string) (any, error) {
	switch tag {
	case "$bytes":
		data, err := hex.DecodeString(text)
		return base64.StdEncoding.EncodeToString(data), err
	case "$float":
		return strings.NewReplacer("inf", "Infinity").Replace(text), nil
	}
	return text, nil
}
