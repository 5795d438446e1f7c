package main

import (
	"encoding/gob"
	"time"
)

// Structs that have more or fewer fields than the other side's, or other kinds of integers. gob and JSON both match
// fields by name.

type inner struct {
	X, Y  float64
	Names []string
	Deep  map[string][]inner
}

func init() {
	gob.Register(inner{})
	gob.Register([]int{})
	gob.Register(map[string]int{})
}

var shapeCases = []testCase{
	{"extra fields of every kind", "", extraFields},
	{"extra fields, nil and empty", "", extraEmptyFields},
	{"extra fields that only gob has", "gob http", extraGobFields},
	{"extra fields of a recursive type", "", extraRecursiveField},
	{"an embedded struct", "json post", embedded},
	{"a missing field is zero", "", missingField},
	{"fields in another order, of other sizes, behind pointers", "", otherKinds},
	{"a reply read into more and fewer fields", "", otherReplies},
	{"many types on one connection", "", manyTypes},
}

func extraFields(t *target) error {
	type Args struct {
		Before  string
		A       int
		Nested  inner
		Map     map[string]int
		Structs map[int]inner
		List    []string
		Lists   [][]int
		Array   [3]bool
		B       int
		Pointer *inner
		Any     any
		AnyInt  any
		Anies   []any
		Bytes   []byte
		Float   float64
		Uint    uint64
		Bool    bool
		Time    time.Time
	}
	nested := inner{X: 1.5, Y: -2, Names: []string{"a", ""}, Deep: map[string][]inner{"k": {{X: 3}, {}}}}
	argument := Args{
		Before: "x", A: 17, B: 8, Nested: nested, Pointer: &nested,
		Map: map[string]int{"one": 1, "two": 2}, Structs: map[int]inner{-1: nested},
		List: []string{"a", "b"}, Lists: [][]int{{1, 2}, {}, {3}}, Array: [3]bool{true, false, true},
		Any: nested, AnyInt: 42, Anies: []any{1, "two", 3.5, true, []int{4}, map[string]int{"five": 5}},
		Bytes: []byte{0, 255}, Float: 3.25, Uint: 1 << 63, Bool: true, Time: time.Unix(1700000000, 5).UTC(),
	}
	// The second call comes without the types' definitions.
	return each(
		result{"Arith.Multiply", argument, 136},
		result{"Arith.Multiply", argument, 136},
		result{"Arith.Divide", argument, quotient{Quo: 2, Rem: 1}},
	)(t)
}

func extraEmptyFields(t *target) error {
	type Args struct {
		A, B    int
		Pointer *inner
		Any     any
		Map     map[string]int
		List    []string
		Nested  inner
	}
	return each(
		result{"Arith.Multiply", Args{A: 17, B: 8}, 136},
		result{"Arith.Multiply", Args{A: 17, B: 8, Map: map[string]int{}, List: []string{}}, 136},
	)(t)
}

func extraGobFields(t *target) error {
	type Args struct {
		A         int
		Complex   complex128
		B         int
		Complexes []complex64
		Keyed     map[inner2]string
	}
	argument := Args{A: 17, B: 8, Complex: 1 + 2i, Complexes: []complex64{3i}, Keyed: map[inner2]string{{1, "k"}: "v"}}
	return returns("Arith.Multiply", argument, 136)(t)
}

type inner2 struct {
	N int
	S string
}

type tree struct {
	Label    string
	Children []*tree
	Named    map[string]*tree
}

func extraRecursiveField(t *target) error {
	type Args struct {
		Tree *tree
		A, B int
	}
	leaf := &tree{Label: "leaf"}
	root := &tree{Label: "root", Children: []*tree{leaf, {Children: []*tree{leaf}}}, Named: map[string]*tree{"l": leaf}}
	return returns("Arith.Multiply", Args{root, 17, 8}, 136)(t)
}

func embedded(t *target) error {
	type A struct{ A int }
	type Args struct {
		A
		B int
	}
	return returns("Arith.Multiply", Args{A{17}, 8}, 136)(t)
}

func missingField(t *target) error {
	type Args struct{ A int }
	type Other struct {
		B     int
		Extra string
	}
	return each(
		result{"Arith.Multiply", Args{17}, 0},
		result{"Arith.Divide", Other{5, "x"}, quotient{}},
		result{"Arith.Multiply", args{A: 17, B: 8}, 136},
	)(t)
}

func otherKinds(t *target) error {
	type Args struct {
		B int8
		A int32
	}
	type Pointers struct {
		A **int64
		B *int16
	}
	a, b := int64(17), int16(-8)
	pa := &a
	return each(
		result{"Arith.Multiply", Args{A: 17, B: -8}, -136},
		result{"Arith.Multiply", Pointers{&pa, &b}, -136},
		result{"Arith.Multiply", args{A: 17, B: 8}, int32(136)},
		result{"Arith.Multiply", args{A: 17, B: 8}, int16(136)},
		result{"Demo.Sleep", int8(1), int64(1)},
	)(t)
}

func otherReplies(t *target) error {
	type fewer struct{ Rem int }
	type more struct {
		Extra    []string
		Rem, Quo int64
		More     *int
	}
	return each(
		result{"Arith.Divide", args{A: 17, B: 8}, fewer{1}},
		result{"Arith.Divide", args{A: 17, B: 8}, more{Quo: 2, Rem: 1}},
		result{"Arith.Divide", args{A: 17, B: 8}, quotient{Quo: 2, Rem: 1}},
	)(t)
}

func manyTypes(t *target) error {
	type Args struct{ A, B int }
	type first struct {
		A, B int
		C    []int
	}
	type second struct {
		Z    map[string]string
		B, A int
	}
	return each(
		result{"Arith.Multiply", Args{2, 3}, 6},
		result{"Arith.Multiply", first{4, 5, []int{1}}, 20},
		result{"h.Hello", "x", "hello,x"},
		result{"Arith.Divide", second{map[string]string{"k": "v"}, 2, 9}, quotient{Quo: 4, Rem: 1}},
		result{"Arith.Multiply", Args{6, 7}, 42},
		result{"Arith.Multiply", first{8, 9, nil}, 72},
	)(t)
}
