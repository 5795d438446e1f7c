// Command json-vectors prints what Go makes of random JSON: with -arguments, what encoding/json reads into a struct; else,
// what net/rpc/jsonrpc answers to requests.
//
// Each case is two lines: what was sent, and what came of it. Bytes other than printable ASCII are \xNN.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand"
	"net"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"runtime"
	"strings"

	"manywire.dev/interop/service"
)

// All has a field of every kind that encoding/json tells apart.
type All struct {
	Flag     bool
	Int      int
	Small    int8
	Uint     uint
	Byte     uint8
	Float    float64
	Single   float32
	Text     string
	Ints     []int
	Texts    []string
	Counts   map[string]int
	Names    map[int]string
	Own      Part
	Inner    *Part
	Parts    []Part
	Anything any
}

// Part is a struct inside of others.
type Part struct {
	X    float64
	Name string
	Part *Part
}

func main() {
	arguments := flag.Bool("arguments", false, "read arguments rather than answer requests")
	count := flag.Int("count", 1500, "number of cases")
	flag.Parse()
	log.SetOutput(io.Discard)
	server := rpc.NewServer()
	if err := service.Register(server); err != nil {
		fmt.Fprintln(os.Stderr, "json-vectors:", err)
		os.Exit(1)
	}
	fmt.Printf("# encoding/json of %s; json-vectors of the interop crate\n", runtime.Version())
	g := &generator{rand.New(rand.NewSource(1))}
	for i := 0; i < *count; i++ {
		if *arguments {
			text := g.all()
			fmt.Printf("%s\n%s\n", escaped(text), escaped(read(text)))
		} else {
			text := g.request()
			fmt.Printf("%s\n%s\n", escaped(text), escaped(answer(server, text)))
		}
	}
}

// read returns the struct that a text is read into, or the error.
func read(text string) string {
	var all All
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return err.Error()
	}
	// Nothing in a struct can fail to be written.
	out, _ := json.Marshal(all)
	return string(out)
}

// answer returns all that a server sends back on a connection of its own.
func answer(server *rpc.Server, text string) string {
	here, there := net.Pipe()
	go func() {
		io.WriteString(here, text)
		// A value that is cut short has no end but that of the stream.
		io.WriteString(here, "]")
	}()
	go func() {
		server.ServeCodec(jsonrpc.NewServerCodec(there))
		there.Close()
	}()
	reply, _ := io.ReadAll(here)
	return strings.TrimSuffix(string(reply), "\n")
}

func escaped(text string) string {
	var out strings.Builder
	for _, b := range []byte(text) {
		if b < 0x20 || b > 0x7e {
			fmt.Fprintf(&out, "\\x%02x", b)
		} else {
			out.WriteByte(b)
		}
	}
	return out.String()
}
