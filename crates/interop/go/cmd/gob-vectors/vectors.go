package main

import (
	"encoding/gob"
	"math"
	"math/big"
	"net/rpc"
	"strings"
	"time"

	"manywire.dev/interop/service"
)

// A vector is what one encoder writes for these values.
type vector struct {
	name   string
	values []any
}

type Point struct{ X, Y int }

type Inner struct {
	Label string
	Point Point
}

type Outer struct {
	Name   string
	Inner  Inner
	List   []Inner
	ByName map[string]Point
	Next   *Inner
}

type Tree struct {
	V    string
	Kids []Tree
	M    map[string]*Tree
}

type Scalars struct {
	I8   int8
	I64  int64
	U8   uint8
	U64  uint64
	F32  float32
	F64  float64
	B    bool
	S    string
	Raw  []byte
	C    complex128
	Fix  [3]int
	Text []string
}

type Holder struct {
	S string
	V any
}

type Stamped struct {
	At   time.Time
	Note string
}

func init() {
	gob.RegisterName("Point", Point{})
	gob.RegisterName("[]int", []int{})
}

var when = time.Date(2024, time.February, 29, 12, 34, 56, 789000000, time.UTC)

var vectors = []vector{
	{"bool_true", one(true)},
	{"bool_false", one(false)},
	{"int_0", one(0)},
	{"int_1", one(1)},
	{"int_-1", one(-1)},
	{"int_63", one(63)},
	{"int_64", one(64)},
	{"int_-64", one(-64)},
	{"int_-65", one(-65)},
	{"int_136", one(136)},
	{"int_65536", one(65536)},
	{"int_2^53+1", one(1<<53 + 1)},
	{"int_max", one(int64(math.MaxInt64))},
	{"int_max-1", one(int64(math.MaxInt64 - 1))},
	{"int_min", one(int64(math.MinInt64))},
	{"int_min+1", one(int64(math.MinInt64 + 1))},
	{"uint_0", one(uint(0))},
	{"uint_127", one(uint(127))},
	{"uint_128", one(uint(128))},
	{"uint_255", one(uint(255))},
	{"uint_256", one(uint(256))},
	{"uint_2^32", one(uint64(1 << 32))},
	{"uint_2^63", one(uint64(1 << 63))},
	{"uint_max", one(uint64(math.MaxUint64))},
	{"float_0", one(0.0)},
	{"float_-0", one(math.Copysign(0, -1))},
	{"float_1.5", one(1.5)},
	{"float_-17", one(-17.0)},
	{"float_pi", one(math.Pi)},
	{"float_max", one(math.MaxFloat64)},
	{"float_smallest", one(math.SmallestNonzeroFloat64)},
	{"float_inf", one(math.Inf(1))},
	{"float_-inf", one(math.Inf(-1))},
	{"float_nan", one(math.NaN())},
	{"complex", one(complex(1, 2))},
	{"complex_negative", one(complex(-0.5, 1e300))},
	{"string_empty", one("")},
	{"string_hello", one("hello, world")},
	{"string_unicode", one("héllo, 世界 🦀 \x00")},
	{"string_127", one(strings.Repeat("x", 127))},
	{"string_128", one(strings.Repeat("x", 128))},
	{"string_300", one(strings.Repeat("é", 150))},
	{"bytes_empty", one([]byte{})},
	{"bytes", one([]byte{0, 1, 0x7f, 0x80, 0xff})},
	{"slice_int", one([]int{1, -2, 3})},
	{"slice_int_empty", one([]int{})},
	{"slice_string", one([]string{"a", "", "b"})},
	{"slice_bool", one([]bool{true, false})},
	{"slice_float", one([]float64{0.5, -1})},
	{"slice_uint", one([]uint64{0, 1 << 40})},
	{"slice_of_slices", one([][]int{{1}, {}, {2, 3}})},
	{"slice_of_bytes", one([][]byte{{1}, {}})},
	{"slice_struct", one([]Point{{1, 2}, {}, {-3, 0}})},
	{"array", one([3]int{1, 0, 3})},
	{"map_string_int", one(map[string]int{"a": 1})},
	{"map_int_struct", one(map[int]Point{-7: {1, 2}})},
	{"map_of_maps", one(map[string]map[string]bool{"k": {"l": true}})},
	{"struct", one(Point{22, 33})},
	{"struct_zero", one(Point{})},
	{"struct_one_field", one(Point{Y: -1})},
	{"struct_pointer", one(&Point{1, 2})},
	{"struct_empty", one(struct{}{})},
	{"struct_args", one(service.Args{A: 17, B: 8})},
	{"struct_quotient", one(service.Quotient{Quo: 2, Rem: 1})},
	{"struct_scalars", one(Scalars{-8, math.MinInt64, 8, math.MaxUint64, 0.5, -0.25, true, "s", []byte{1}, 1i, [3]int{1, 2, 3}, []string{"t"}})},
	{"struct_scalars_zero", one(Scalars{})},
	{"struct_nested", one(Outer{"o", Inner{"i", Point{1, 2}}, []Inner{{Label: "l"}}, map[string]Point{"p": {3, 4}}, &Inner{"n", Point{5, 6}}})},
	{"struct_recursive", one(Tree{"a", []Tree{{V: "b"}}, map[string]*Tree{"k": {V: "c"}}})},
	{"interface_int", one(Holder{"i", 5})},
	{"interface_string", one(Holder{"s", "text"})},
	{"interface_struct", one(Holder{"p", Point{1, 2}})},
	{"interface_slice", one(Holder{"l", []int{1, 2}})},
	{"interface_nil", one(Holder{"n", nil})},
	{"slice_interface", one([]any{1, "a", 2.5, true})},
	{"time_utc", one(when)},
	{"time_zone", one(when.In(time.FixedZone("", 5*3600+1800)))},
	{"time_zero", one(time.Time{})},
	{"struct_time", one(Stamped{when, "leap"})},
	{"big_int", one(big.NewInt(0).Lsh(big.NewInt(-1), 100))},
	{"rpc_request", one(rpc.Request{ServiceMethod: "Arith.Multiply", Seq: 7})},
	{"rpc_request_first", one(rpc.Request{ServiceMethod: "h.Hello"})},
	{"rpc_response", one(rpc.Response{ServiceMethod: "Arith.Multiply", Seq: 7})},
	{"rpc_response_error", one(rpc.Response{ServiceMethod: "Arith.Divide", Seq: math.MaxUint64, Error: "divide by zero."})},
	{"stream_of_three", []any{Point{1, 2}, Point{3, 4}, "end"}},
	{"stream_of_two_types", []any{Point{1, 2}, Inner{"i", Point{3, 4}}, []Point{{5, 6}}, Inner{}}},
}

func one(value any) []any {
	return []any{value}
}
