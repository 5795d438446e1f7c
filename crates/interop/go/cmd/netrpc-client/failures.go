package main

import (
	"fmt"
	"strings"
)

// Go's own words for calls that cannot be served. Each leaves the connection alive.
var errorCases = []testCase{
	{"divide by zero", "", refuses("Arith.Divide", args{A: 17}, "divide by zero.")},
	{"an unknown service", "", refuses("Nope.Multiply", args{A: 1}, "rpc: can't find service Nope.Multiply")},
	{"an unknown method", "", refuses("Arith.Nope", args{A: 1}, "rpc: can't find method Arith.Nope")},
	{"names that are close", "", connected(closeNames)},
	{"an ill-formed name", "", refuses("Multiply", args{A: 1}, "rpc: service/method request ill-formed: Multiply")},
	{"an empty name", "", refuses("", args{A: 1}, "rpc: service/method request ill-formed: ")},
	{"a long name", "", connected(longName)},
	{"an unknown method with an argument of 1 MiB", "", refuses("Arith.Nope", strings.Repeat("x", 1<<20), "rpc: can't find method Arith.Nope")},
	{"a field of the wrong type", "", connected(wrongField)},
	{"an argument of the wrong type", "", connected(wrongArgument)},
	{"a struct without any field that fits", "gob http", connected(noFittingField)},
	{"a sleep out of range", "", connected(badSleep)},
	{"a hundred errors of every kind", "", connected(manyErrors)},
}

func refuses(method string, argument any, text string) func(*target) error {
	return connected(func(_ *target, client caller) error { return refused(client, method, argument, text) })
}

func closeNames(_ *target, client caller) error {
	for name, text := range map[string]string{
		"arith.Multiply":   "rpc: can't find service arith.Multiply",
		"Arith.multiply":   "rpc: can't find method Arith.multiply",
		"Arith.":           "rpc: can't find method Arith.",
		".Multiply":        "rpc: can't find service .Multiply",
		".":                "rpc: can't find service .",
		"Arith.Multiply.":  "rpc: can't find service Arith.Multiply.",
		"a.Arith.Multiply": "rpc: can't find service a.Arith.Multiply",
		"js.j":             "rpc: can't find method js.j",
		"世界.J":             "rpc: can't find service 世界.J",
	} {
		if err := refused(client, name, args{A: 1, B: 2}, text); err != nil {
			return err
		}
	}
	return nil
}

func longName(_ *target, client caller) error {
	name := strings.Repeat("Long.", 20000) + "Name"
	return refused(client, name, args{A: 1}, "rpc: can't find service "+name)
}

func wrongField(t *target, client caller) error {
	type Args struct {
		A string
		B int
	}
	text := "json: cannot unmarshal string into Go struct field Args.A of type int"
	if t.speaksGob() {
		text = "gob: wrong type (int) for received field Args.A"
		if !t.isGo {
			// Go names the field and its own type; manywire names the received type as well, and says how to call the method.
			text += "; received string"
		}
	}
	if !t.isGo {
		text += "; call it as Arith.Multiply(A: int, B: int)"
	}
	// Twice: the second comes without the type's definition.
	for i := 0; i < 2; i++ {
		if err := refused(client, "Arith.Multiply", Args{"x", 8}, text); err != nil {
			return err
		}
	}
	type Bools struct{ A, B bool }
	return refused(client, "Arith.Divide", Bools{true, true}, "")
}

func wrongArgument(t *target, client caller) error {
	text, list := "json: cannot unmarshal number into Go value of type string", "json: cannot unmarshal array into Go value of type string"
	if t.speaksGob() {
		text = "gob: decoding into local type *string, received remote type int"
		list = "gob: decoding into local type *string, received remote type []string"
	}
	if !t.isGo {
		text, list = text+"; call it as h.Hello(arg: string)", list+"; call it as h.Hello(arg: string)"
	}
	if err := refused(client, "h.Hello", 5, text); err != nil {
		return err
	}
	if err := refused(client, "h.Hello", []string{"x"}, list); err != nil {
		return err
	}
	for _, wrong := range []result{
		{"Arith.Multiply", "text", nil},
		{"Arith.Multiply", []int{1, 2}, nil},
		{"Demo.Sleep", "5", nil},
		{"Demo.Sleep", 1.5, nil},
		{"Demo.Sleep", args{A: 1}, nil},
		{"js.J", args{A: 1}, nil},
		{"js.J", true, nil},
		{"js.J", map[string]int{"a": 1}, nil},
	} {
		if err := refused(client, wrong.method, wrong.argument, ""); err != nil {
			return err
		}
	}
	return nil
}

func noFittingField(_ *target, client caller) error {
	type Args struct{ X, Y int }
	if err := refused(client, "Arith.Multiply", Args{1, 2}, ""); err != nil {
		return err
	}
	type Empty struct{ Only string }
	return refused(client, "Arith.Multiply", Empty{}, "")
}

func badSleep(_ *target, client caller) error {
	for _, milliseconds := range []int{-1, 60001, 1 << 62} {
		if err := refused(client, "Demo.Sleep", milliseconds, ""); err != nil {
			return err
		}
	}
	return nil
}

func manyErrors(_ *target, client caller) error {
	for i := 0; i < 100; i++ {
		name := fmt.Sprintf("Arith.Nope%d", i)
		for _, err := range []error{
			refused(client, name, args{A: i}, "rpc: can't find method "+name),
			refused(client, "Arith.Divide", args{A: i}, "divide by zero."),
			refused(client, "h.Hello", i, ""),
		} {
			if err != nil {
				return err
			}
		}
	}
	return nil
}
