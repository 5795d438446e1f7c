package main

import (
	"fmt"
	"math"
	"strings"

	"manywire.dev/interop/service"
)

type args = service.Args
type quotient = service.Quotient

var methodCases = []testCase{
	{"Arith.Multiply", "", returns("Arith.Multiply", args{A: 17, B: 8}, 136)},
	{"Arith.Multiply by pointer", "", returns("Arith.Multiply", &args{A: 17, B: 8}, 136)},
	{"Arith.Divide", "", returns("Arith.Divide", args{A: 17, B: 8}, quotient{Quo: 2, Rem: 1})},
	{"MathService.Multiply", "", returns("MathService.Multiply", args{A: 7, B: 8}, 56)},
	{"h.Hello", "", returns("h.Hello", "world", "hello,world")},
	{"js.J", "", returns("js.J", "go", "123,go")},
	{"Js.J", "", returns("Js.J", "go", "123,go")},
	{"handler/js.J", "", returns("handler/js.J", "go", "123,go")},
	{"Demo.Sleep", "", returns("Demo.Sleep", 5, 5)},
	{"every method on one connection, twice", "", connected(everyMethod)},
}

var valueCases = []testCase{
	{"zero values", "", each(
		result{"Arith.Multiply", args{}, 0},
		result{"Arith.Divide", args{A: 0, B: 5}, quotient{}},
		result{"Demo.Sleep", 0, 0},
	)},
	{"negative division truncates", "", each(
		result{"Arith.Divide", args{A: -17, B: 8}, quotient{Quo: -2, Rem: -1}},
		result{"Arith.Divide", args{A: 17, B: -8}, quotient{Quo: -2, Rem: 1}},
		result{"Arith.Divide", args{A: -17, B: -8}, quotient{Quo: 2, Rem: -1}},
		result{"Arith.Divide", args{A: -1, B: 8}, quotient{Quo: 0, Rem: -1}},
	)},
	{"extremes of 64 bits", "", each(
		result{"Arith.Multiply", args{A: math.MaxInt64, B: 1}, math.MaxInt64},
		result{"Arith.Multiply", args{A: math.MaxInt64, B: -1}, -math.MaxInt64},
		result{"Arith.Multiply", args{A: math.MinInt64, B: 1}, math.MinInt64},
		result{"Arith.Multiply", args{A: 3037000499, B: -3037000499}, -9223372030926249001},
		result{"Arith.Divide", args{A: math.MinInt64, B: 2}, quotient{Quo: math.MinInt64 / 2}},
		result{"Arith.Divide", args{A: math.MaxInt64, B: math.MinInt64}, quotient{Rem: math.MaxInt64}},
	)},
	{"overflow", "", connected(overflow)},
	{"the empty string", "", each(
		result{"h.Hello", "", "hello,"},
		result{"js.J", "", "123,"},
	)},
	{"unicode and control characters", "", connected(echoed(
		"héllo, 世界", "🦀\U0010FFFF", "e\u0301\u200d\u2028\u2029", "\x00\x01\t\r\n\x1f\x7f", "\"\\/<>&{}[]", "\ufeff\ufffd",
	))},
	{"strings around gob's length steps", "", connected(echoed(
		strings.Repeat("a", 127), strings.Repeat("b", 128), strings.Repeat("c", 255), strings.Repeat("d", 256),
		strings.Repeat("e", 65535), strings.Repeat("f", 65536),
	))},
	{"strings of 1 MiB", "", connected(echoed(
		strings.Repeat("x", 1<<20), strings.Repeat("é", 1<<19), strings.Repeat("\"\\\n", 1<<18),
	))},
}

// A result is what a method must reply.
type result struct {
	method         string
	argument, want any
}

// each checks results one after the other on one connection.
func each(results ...result) func(*target) error {
	return connected(func(_ *target, client caller) error {
		for _, r := range results {
			if err := expect(client, r.method, r.argument, r.want); err != nil {
				return err
			}
		}
		return nil
	})
}

func returns(method string, argument, want any) func(*target) error {
	return each(result{method, argument, want})
}

func everyMethod(_ *target, client caller) error {
	all := []result{
		{"Arith.Multiply", args{A: 3, B: -4}, -12},
		{"Arith.Divide", args{A: 17, B: 5}, quotient{Quo: 3, Rem: 2}},
		{"MathService.Multiply", args{A: 2, B: 3}, 6},
		{"h.Hello", "a", "hello,a"},
		{"js.J", "b", "123,b"},
		{"Js.J", "c", "123,c"},
		{"handler/js.J", "d", "123,d"},
		{"Demo.Sleep", 1, 1},
	}
	for _, r := range append(all, all...) {
		if err := expect(client, r.method, r.argument, r.want); err != nil {
			return err
		}
	}
	return nil
}

func echoed(texts ...string) func(*target, caller) error {
	return func(_ *target, client caller) error {
		for _, text := range texts {
			for method, prefix := range map[string]string{"h.Hello": "hello,", "js.J": "123,"} {
				if err := expect(client, method, text, prefix+text); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// overflow must be an error, except with Go's own server, whose integers wrap.
func overflow(t *target, client caller) error {
	for _, o := range []struct {
		method string
		args   args
		wraps  any
	}{
		{"Arith.Multiply", args{A: math.MaxInt64, B: 2}, -2},
		{"Arith.Multiply", args{A: math.MinInt64, B: -1}, math.MinInt64},
		{"Arith.Multiply", args{A: 3037000500, B: 3037000500}, -9223372036709301616},
		{"Arith.Divide", args{A: math.MinInt64, B: -1}, quotient{Quo: math.MinInt64}},
	} {
		err := error(nil)
		if t.isGo {
			err = expect(client, o.method, o.args, o.wraps)
		} else {
			err = refused(client, o.method, o.args, "")
		}
		if err != nil {
			return fmt.Errorf("%v: %w", o.args, err)
		}
	}
	return nil
}
