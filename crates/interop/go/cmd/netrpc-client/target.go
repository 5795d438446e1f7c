package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/rpc"
	"net/rpc/jsonrpc"
	"reflect"

	"manywire.dev/interop/service"
)

// A target is the server under test.
type target struct {
	form, address string
	isGo          bool
}

// A caller is what Go's *rpc.Client is.
type caller interface {
	Call(method string, argument any, reply any) error
	Go(method string, argument any, reply any, done chan *rpc.Call) *rpc.Call
	Close() error
}

var dialers = map[string]func(address string) (caller, error){
	"gob":  func(a string) (caller, error) { return unless(rpc.Dial("tcp", a)) },
	"http": func(a string) (caller, error) { return unless(rpc.DialHTTP("tcp", a)) },
	"json": func(a string) (caller, error) { return unless(jsonrpc.Dial("tcp", a)) },
	"post": func(a string) (caller, error) { return newPoster(a), nil },
}

// unless keeps a nil client from becoming a caller that is not nil.
func unless(client *rpc.Client, err error) (caller, error) {
	if err != nil {
		return nil, err
	}
	return client, nil
}

// speaksGob tells gob's words for a mistake from JSON's.
func (t *target) speaksGob() bool {
	return t.form == "gob" || t.form == "http"
}

// connected runs a check with a connection of its own.
func connected(check func(*target, caller) error) func(*target) error {
	return func(t *target) error {
		client, err := dialers[t.form](t.address)
		if err != nil {
			return err
		}
		defer client.Close()
		return check(t, client)
	}
}

// expect calls a method whose reply must be want.
func expect(client caller, method string, argument, want any) error {
	reply := reflect.New(reflect.TypeOf(want))
	if err := client.Call(method, argument, reply.Interface()); err != nil {
		return fmt.Errorf("%s(%s): %w", short(method), short(argument), err)
	}
	if got := reply.Elem().Interface(); !reflect.DeepEqual(got, want) {
		return fmt.Errorf("%s(%s) = %s, want %s", short(method), short(argument), short(got), short(want))
	}
	return nil
}

// short prints a value that may be long.
func short(value any) string {
	text := fmt.Sprint(value)
	if len(text) > 100 {
		return text[:100] + "…"
	}
	return text
}

// refused calls a method that must fail with just this text, or any where it is empty, on a connection that lives on.
func refused(client caller, method string, argument any, text string) error {
	err := client.Call(method, argument, new(int))
	if _, fromServer := err.(rpc.ServerError); !fromServer {
		return fmt.Errorf("%s(%s): %T %v, want an error of the server", short(method), short(argument), err, err)
	}
	if text != "" && err.Error() != text {
		return fmt.Errorf("%s(%s): %q, want %q", short(method), short(argument), short(err), short(text))
	}
	if err := expect(client, "Arith.Multiply", service.Args{A: 6, B: 7}, 42); err != nil {
		return fmt.Errorf("the next call on the connection: %w", err)
	}
	return nil
}

// A poster posts each call to /jsonrpc on kept-alive connections.
type poster struct {
	url  string
	http *http.Client
}

func newPoster(address string) *poster {
	transport := &http.Transport{MaxConnsPerHost: 64, MaxIdleConnsPerHost: 64}
	return &poster{"http://" + address + "/jsonrpc", &http.Client{Transport: transport}}
}

// Call waits for the reply. An error of the method is an rpc.ServerError, as with Go's own clients.
func (p *poster) Call(method string, argument, reply any) error {
	const id = 7
	request, err := json.Marshal(map[string]any{"method": method, "params": []any{argument}, "id": id})
	if err != nil {
		return err
	}
	response, err := p.http.Post(p.url, "application/json", bytes.NewReader(request))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %.200s", response.Status, body)
	}
	return readReply(body, id, reply)
}

func readReply(body []byte, id int, reply any) error {
	var answer struct {
		ID     *int            `json:"id"`
		Result json.RawMessage `json:"result"`
		Error  *string         `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("%w in %.200s", err, body)
	}
	if answer.ID == nil || *answer.ID != id {
		return fmt.Errorf("not the id %d in %.200s", id, body)
	}
	if answer.Error != nil {
		return rpc.ServerError(*answer.Error)
	}
	return json.Unmarshal(answer.Result, reply)
}

// Go posts in the background.
func (p *poster) Go(method string, argument, reply any, done chan *rpc.Call) *rpc.Call {
	call := &rpc.Call{ServiceMethod: method, Args: argument, Reply: reply, Done: done}
	go func() {
		call.Error = p.Call(method, argument, reply)
		done <- call
	}()
	return call
}

// Close lets go of the connections.
func (p *poster) Close() error {
	p.http.CloseIdleConnections()
	return nil
}
