// Command http-answers is Go's net/http as scripts/interop runs it: JSON over HTTP, and the adder. http-answers WIRE ADDRESS, then a
// call and an answer a line; see src/bin/interop/ask.rs.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

type call struct {
	ID        int               `json:"id"`
	Method    string            `json:"method"`
	Arguments []any             `json:"arguments"`
	Named     map[string]any    `json:"named"`
	Metadata  map[string]string `json:"metadata"`
	Stream    bool              `json:"stream"`
	Take      *int              `json:"take"`
}

// answer has one of the three beside the id.
type answer map[string]any

func main() {
	if len(os.Args) != 3 || os.Args[1] != "http" {
		fmt.Fprintln(os.Stderr, "http-answers: give it the wire http and an address")
		os.Exit(2)
	}
	fmt.Println("READY")
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var c call
		check(json.Unmarshal(line, &c))
		told, err := makeCall("http://"+os.Args[2], c)
		check(err)
		told["id"] = c.ID
		text, err := json.Marshal(told)
		check(err)
		fmt.Println(string(text))
	}
}

func makeCall(server string, c call) (answer, error) {
	request, err := requestOf(server, c)
	if err != nil {
		return answer{"cannot": err.Error()}, nil
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	// Closing the body ends a stream that goes on.
	defer response.Body.Close()
	if response.StatusCode >= 400 || !c.Stream {
		return whole(response)
	}
	return items(response, c.Take)
}

// requestOf makes `POST /call/METHOD`, or what the method says itself, as `GET /call/add`.
func requestOf(server string, c call) (*http.Request, error) {
	verb, path, isWritten := strings.Cut(c.Method, " ")
	if !isWritten {
		verb, path = "POST", "/call/"+c.Method
	}
	var body io.Reader
	if verb == "GET" {
		query := url.Values{}
		for name, value := range c.Named {
			query.Set(name, value.(string))
		}
		path += "?" + query.Encode()
	} else {
		var given any = c.Arguments
		if c.Named != nil {
			given = c.Named
		}
		plain, err := untagged(given)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(plain)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequest(verb, server+path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("content-type", "application/json")
	for name, value := range c.Metadata {
		request.Header.Set(name, value)
	}
	return request, nil
}

func whole(response *http.Response) (answer, error) {
	var content any
	if err := decode(response.Body, &content); err != nil {
		return nil, err
	}
	if response.StatusCode >= 400 {
		return answer{"error": failure(response.StatusCode, content)}, nil
	}
	return answer{"value": tagged(content)}, nil
}

// items reads a stream: one item a line, or one an event.
func items(response *http.Response, take *int) (answer, error) {
	isEvents := strings.HasPrefix(response.Header.Get("content-type"), "text/event-stream")
	found, event := []any{}, ""
	lines := bufio.NewScanner(response.Body)
	for (take == nil || len(found) < *take) && lines.Scan() {
		line := lines.Text()
		if isEvents {
			key, data, _ := strings.Cut(line, ": ")
			if key == "event" {
				event = data
			}
			if key != "data" || event == "end" {
				continue
			}
			line = data
		}
		var item any
		if err := decode(strings.NewReader(line), &item); err != nil {
			return nil, err
		}
		if object, ok := item.(map[string]any); ok && object["error"] != nil && (!isEvents || event == "error") {
			return answer{"error": failure(0, item)}, nil
		}
		found = append(found, tagged(item))
	}
	return answer{"items": found}, lines.Err()
}

func decode(from io.Reader, content *any) error {
	decoder := json.NewDecoder(from)
	decoder.UseNumber()
	return decoder.Decode(content)
}

// failure tells of an error, which is a text to the adder and has a kind elsewhere.
func failure(status int, content any) map[string]any {
	told := content.(map[string]any)["error"]
	if object, ok := told.(map[string]any); ok {
		return map[string]any{"text": object["message"], "code": status, "name": object["kind"]}
	}
	return map[string]any{"text": told, "code": status}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "http-answers:", err)
		os.Exit(1)
	}
}
