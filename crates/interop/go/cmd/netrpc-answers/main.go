// Command netrpc-answers is Go's own net/rpc client as scripts/interop runs it: netrpc-answers WIRE ADDRESS, then a call and an
// answer a line; see src/bin/interop/ask.rs.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"reflect"

	"manywire.dev/interop/service"
)

var dialers = map[string]func(address string) (*rpc.Client, error){
	"gob":      func(address string) (*rpc.Client, error) { return rpc.Dial("tcp", address) },
	"gob-http": func(address string) (*rpc.Client, error) { return rpc.DialHTTP("tcp", address) },
	"jsonrpc1": func(address string) (*rpc.Client, error) { return jsonrpc.Dial("tcp", address) },
}

// replies has the types of the methods' replies; that of a method which is not there never matters.
var replies = map[string]func() any{
	"Arith.Multiply":       func() any { return new(int) },
	"MathService.Multiply": func() any { return new(int) },
	"Arith.Divide":         func() any { return new(service.Quotient) },
	"h.Hello":              func() any { return new(string) },
	"js.J":                 func() any { return new(string) },
	"Js.J":                 func() any { return new(string) },
	"handler/js.J":         func() any { return new(string) },
	"Demo.Sleep":           func() any { return new(int) },
	"add":                  func() any { return new(int) },
	"subtract":             func() any { return new(int) },
	"multiply":             func() any { return new(int) },
	"divide":               func() any { return new(float64) },
	"pow":                  func() any { return new(int) },
	"getpow":               func() any { return new(int) },
	"ping":                 func() any { return new(string) },
	"echo":                 func() any { return new(string) },
	"hello":                func() any { return new(string) },
	"listinfo":             func() any { return new(string) },
	"sleep":                func() any { return new(int) },
	"time":                 func() any { return new(float64) },
	"strftime":             func() any { return new(string) },
	"Greeter.SayHello":     func() any { return new(greeting) },
	"UserService.GetUser":  func() any { return new(user) },
}

// greeting and user are messages of proto/, as gob has them; JSON matches names without regard to case.
type greeting struct {
	Message string
}

type user struct {
	Id   int // gob wants the file's name with a capital, and no other
	Name string
}

type call struct {
	ID        int               `json:"id"`
	Method    string            `json:"method"`
	Arguments []json.RawMessage `json:"arguments"`
}

type answer struct {
	ID     int            `json:"id"`
	Value  any            `json:"value,omitempty"`
	Error  map[string]any `json:"error,omitempty"`
	Cannot string         `json:"cannot,omitempty"`
}

func main() {
	if len(os.Args) != 3 || dialers[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "netrpc-answers: give it a wire (gob, gob-http or jsonrpc1) and an address")
		os.Exit(2)
	}
	client, err := dialers[os.Args[1]](os.Args[2])
	check(err)
	fmt.Println("READY")
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var c call
		check(json.Unmarshal(line, &c))
		told, err := json.Marshal(makeCall(client, c))
		check(err)
		fmt.Println(string(told))
	}
}

func makeCall(client *rpc.Client, c call) answer {
	if len(c.Arguments) != 1 {
		return answer{ID: c.ID, Cannot: "a method of net/rpc takes one argument"}
	}
	argument, err := goValue(c.Arguments[0])
	if err != nil {
		return answer{ID: c.ID, Cannot: err.Error()}
	}
	reply := any(new(int))
	if newReply := replies[c.Method]; newReply != nil {
		reply = newReply()
	}
	if err := client.Call(c.Method, argument, reply); err != nil {
		return answer{ID: c.ID, Error: map[string]any{"text": err.Error()}}
	}
	return answer{ID: c.ID, Value: tagged(reflect.ValueOf(reply).Elem())}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "netrpc-answers:", err)
		os.Exit(1)
	}
}
