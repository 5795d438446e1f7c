package main

import (
	"fmt"
	"math/rand"
	"strings"
)

// generator makes JSON that is odd in every way that encoding/json takes, and now and then in one that it does not.
type generator struct{ *rand.Rand }

func (g *generator) one(of ...string) string { return of[g.Intn(len(of))] }

func (g *generator) chance(of int) bool { return g.Intn(of) == 0 }

func (g *generator) space() string {
	if g.chance(4) {
		return g.one(" ", "\n", "\t", "\r\n  ")
	}
	return ""
}

func (g *generator) number() string {
	return g.one("0", "-0", "7", "-3", "200", "300", "1.50", "1e2", "1E400", "-1e-7", "3.25", "9223372036854775807",
		"9223372036854775808", "18446744073709551615", "18446744073709551616", "0.1", "1e39", "-128", "-129", "1.0")
}

func (g *generator) text() string {
	return `"` + g.one("", "a", "hello", `\u00e9é`, `\ud83e\udd80`, `\ud800`, `\udc00x`, `\ud800\u0041`, "\xff\xe2\x82", `\"\\\/\b\f\n\r\t`,
		"<&>", "\u2028", "a b", `\u0000`, "\x7f", `\ud83e\ud83e\udd80`) + `"`
}

// name is a member's name in one of the ways that match.
func (g *generator) name(name string) string {
	switch g.Intn(8) {
	case 0:
		name = strings.ToUpper(name)
	case 1:
		name = strings.ToLower(name)
	case 2:
		name = strings.Replace(name, "s", "ſ", 1)
	case 3:
		name = fmt.Sprintf(`\u%04x`, name[0]) + name[1:]
	}
	return `"` + name + `"`
}

func (g *generator) list(item func() string) string {
	items := make([]string, g.Intn(4))
	for i := range items {
		items[i] = g.space() + item() + g.space()
	}
	return "[" + strings.Join(items, ",") + g.space() + "]"
}

func (g *generator) object(members ...string) string {
	g.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return "{" + g.space() + strings.Join(members, ","+g.space()) + g.space() + "}"
}

// member is a member of this name, or nothing; null comes now and then, and another kind more seldom.
func (g *generator) member(name string, value func() string) []string {
	if g.chance(2) {
		return nil
	}
	sent := value()
	switch {
	case g.chance(8):
		sent = "null"
	case !g.chance(24):
	case name == "Names" || name == "Counts":
		// Of a wrong key with a wrong value Go tells the value, and of equal keys the first wrong value.
		sent = g.one("[]", "1", "true")
	default:
		sent = g.anything(1)
	}
	members := []string{g.name(name) + g.space() + ":" + g.space() + sent}
	// Of two that are equal the last one counts, and null has no effect on one that is there.
	if g.chance(6) {
		members = append(members, g.name(name)+":"+g.one(sent, "null"))
	}
	return members
}

func (g *generator) anything(depth int) string {
	if depth > 3 {
		return g.one("true", "null", "0")
	}
	inner := func() string { return g.anything(depth + 1) }
	switch g.Intn(7) {
	case 0:
		return g.list(inner)
	case 1:
		var members []string
		for i := g.Intn(4); i > 0; i-- {
			members = append(members, g.text()+g.space()+":"+inner())
		}
		return g.object(members...)
	case 2:
		return g.text()
	case 3, 4:
		return g.number()
	default:
		return g.one("true", "false", "null")
	}
}

func (g *generator) part(depth int) string {
	var members []string
	members = append(members, g.once("X", g.number)...)
	members = append(members, g.once("Name", g.text)...)
	if depth < 3 {
		members = append(members, g.once("Part", func() string { return g.part(depth + 1) })...)
	}
	return g.object(members...)
}

// once is a member that does not come twice: Go would merge what two of them hold.
func (g *generator) once(name string, value func() string) []string {
	if members := g.member(name, value); len(members) > 0 {
		return members[:1]
	}
	return nil
}

// all is an object for All.
func (g *generator) all() string {
	digits := func() string {
		if g.chance(12) {
			return g.number()
		}
		return g.one("0", "1", "7", "100")
	}
	counts := func() string {
		return g.object(g.one(`"a":1`, `"a" : 2`), g.one(`"b":3,"b":4`, `"\u0061":5`))
	}
	names := func() string { return g.object(g.one(`"1":"x"`, `"-7":"y"`, `"x":"z"`)) }
	part := func() string { return g.part(0) }
	var members []string
	for _, more := range [][]string{
		g.member("Flag", func() string { return g.one("true", "false") }),
		g.member("Int", digits), g.member("Small", digits), g.member("Uint", digits), g.member("Byte", digits),
		g.member("Float", digits), g.member("Single", digits), g.member("Text", g.text),
		g.once("Ints", func() string { return g.list(digits) }),
		g.once("Texts", func() string { return g.list(g.text) }),
		g.once("Counts", counts), g.once("Names", names), g.once("Own", part), g.once("Inner", part),
		g.once("Parts", func() string { return g.list(part) }),
		g.once("Anything", func() string { return g.anything(0) }),
		g.once("Other", func() string { return g.anything(0) }),
	} {
		members = append(members, more...)
	}
	if g.chance(3) {
		name := g.one("Int", "Small", "Uint", "Byte", "Float", "Single")
		return g.object(`"` + name + `":` + g.number())
	}
	return g.object(members...)
}

// request is a request for a method that both servers have, or nearly one.
func (g *generator) request() string {
	method := func() string {
		return `"` + g.one("Arith.Multiply", "Arith.Multiply", "Arith.Divide", "h.Hello", "js.J", "Arith.Nope", "Nope.X", "X", "", "a.b.C",
			`\u0068.Hello`, `\ud800.X`) + `"`
	}
	argument := func() string {
		return g.one(g.text(), g.text(), g.object(append(g.once("A", g.number), g.once("B", g.number)...)...), g.anything(0),
			g.object(append(g.member("A", func() string { return "6" }), g.member("B", func() string { return "7" })...)...))
	}
	params := func() string {
		return g.one("["+argument()+"]", "["+argument()+","+g.anything(0)+"]", "[]", argument())
	}
	var members []string
	members = append(members, g.name("method")+":"+method())
	members = append(members, g.name("params")+g.space()+":"+params())
	for name, value := range map[string]func() string{"method": method, "params": params} {
		if g.chance(30) {
			members = append(members, g.name(name)+":"+g.one(value(), g.anything(0)))
		}
	}
	members = append(members, g.member("id", func() string { return g.anything(0) })...)
	if g.chance(10) {
		members = append(members, g.text()+":"+g.anything(0))
	}
	request := g.space() + g.object(members...)
	if g.chance(20) {
		at := g.Intn(len(request))
		request = request[:at] + g.one("", "x", ",", "}", "\x01") + request[at+g.Intn(2):]
	}
	return request
}
