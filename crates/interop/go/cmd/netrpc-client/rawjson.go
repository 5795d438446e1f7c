package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"reflect"
	"strings"
)

// JSON that no Go client writes, but a person with a socket does. What is expected is what Go's own server answers.
var rawJSONCases = []testCase{
	{"no delimiter, and two requests in one packet", "json", raw(
		`{"method":"js.J","params":["a"],"id":1}{"method":"js.J","params":["b"],"id":2}`,
		`{"id":1,"result":"123,a","error":null}`, `{"id":2,"result":"123,b","error":null}`)},
	{"a request byte by byte", "json", rawByteByByte},
	{"white space and line ends around requests", "json", raw(
		" \r\n\t{ \"method\" : \"js.J\" ,\n\"params\" : [ \"a\" ] , \"id\" : 1 }\n\n  ",
		`{"id":1,"result":"123,a","error":null}`)},
	{"ids of any kind come back as they were", "json", rawIDs},
	{"an id that is missing is null", "json", raw(
		`{"method":"js.J","params":["a"]}`, `{"id":null,"result":"123,a","error":null}`)},
	{"no params", "json", raw(
		`{"method":"js.J","id":1}`, `{"id":1,"result":null,"error":"jsonrpc: request body missing params"}`)},
	{"no parameter is zero, and further ones are ignored", "json", raw(
		`{"method":"js.J","params":[],"id":1}{"method":"Arith.Multiply","params":[{"A":2,"B":3},{"A":9},"x"],"id":2}`,
		`{"id":1,"result":"123,","error":null}`, `{"id":2,"result":6,"error":null}`)},
	{"names in any case, unknown members, null", "json", raw(
		`{"METHOD":"Arith.Multiply","Params":[{"a":6,"b":7,"c":[1,{"d":null}]}],"iD":1,"jsonrpc":"2.0","x":{}}`+
			`{"method":"Arith.Multiply","params":[{"A":null,"B":3}],"id":2}{"method":"js.J","params":[null],"id":3}`,
		`{"id":1,"result":42,"error":null}`, `{"id":2,"result":0,"error":null}`, `{"id":3,"result":"123,","error":null}`)},
	{"escapes, and surrogates", "json", raw(
		`{"method":"js.J","params":["\u0041\n\"\\\/\ud83e\udd80\ud800"],"id":1}`,
		`{"id":1,"result":"123,A\n\"\\/🦀\ufffd","error":null}`)},
	{"what is no request ends the connection", "json", rawEnds},
}

// raw sends text, and wants these replies, one line each, in any order.
func raw(requests string, replies ...string) func(*target) error {
	return func(t *target) error {
		conn, err := dialRaw(t)
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, requests); err != nil {
			return err
		}
		return readLines(conn, replies)
	}
}

func readLines(conn net.Conn, replies []string) error {
	lines := bufio.NewReader(conn)
	wanted := map[string]bool{}
	for _, reply := range replies {
		wanted[canonical(reply)] = true
	}
	for range replies {
		line, err := lines.ReadString('\n')
		if err != nil {
			return fmt.Errorf("%q, %w", line, err)
		}
		if !wanted[canonical(line)] {
			return fmt.Errorf("%q, want one of %q", line, replies)
		}
		delete(wanted, canonical(line))
	}
	return nil
}

// canonical makes texts of equal JSON equal.
func canonical(text string) string {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return text
	}
	again, err := json.Marshal(value)
	if err != nil {
		return text
	}
	return string(again)
}

func rawByteByByte(t *target) error {
	conn, err := dialRaw(t)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := trickle(conn, []byte(`{"method":"js.J","params":["a\"}é"],"id":{"a":[1]}}`)); err != nil {
		return err
	}
	return readLines(conn, []string{`{"id":{"a":[1]},"result":"123,a\"}é","error":null}`})
}

func rawIDs(t *target) error {
	for _, id := range []string{`0`, `-5`, `1.50`, `1e3`, `18446744073709551616`, `"text"`, `""`, `null`, `true`, `[1,"a"]`, `{"k":null}`} {
		request := fmt.Sprintf(`{"method":"js.J","params":["a"],"id":%s}`, id)
		reply, err := oneReply(t, request)
		if err != nil {
			return fmt.Errorf("id %s: %w", id, err)
		}
		var got struct{ ID json.RawMessage }
		if err := json.Unmarshal(reply, &got); err != nil || !reflect.DeepEqual(string(got.ID), id) {
			return fmt.Errorf("id %s came back as %s", id, got.ID)
		}
	}
	return nil
}

func oneReply(t *target, request string) ([]byte, error) {
	conn, err := dialRaw(t)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		return nil, err
	}
	return bufio.NewReader(conn).ReadBytes('\n')
}

func rawEnds(t *target) error {
	for _, text := range []string{`{"method":}`, `[1]`, `"x" `, `5 `, `{"a":1}}`, `{"method":5,"params":[],"id":1}`} {
		conn, err := dialRaw(t)
		if err != nil {
			return err
		}
		_, err = io.WriteString(conn, text)
		if err == nil {
			var rest []byte
			rest, err = io.ReadAll(conn)
			// A request in front of the bad byte may still be answered.
			if n := strings.Count(string(rest), "\n"); n > 1 {
				err = fmt.Errorf("answered with %q", rest)
			}
		}
		conn.Close()
		if err != nil && !strings.Contains(err.Error(), "connection reset") {
			return fmt.Errorf("%q: %w", text, err)
		}
	}
	return nil
}
