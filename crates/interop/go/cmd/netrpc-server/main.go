// Command netrpc-server is Go's own net/rpc server in all four forms, for clients to be tried against.
//
// It prints one LISTENING line for each listener once it is bound.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"

	"manywire.dev/interop/service"
)

func main() {
	gob := flag.String("gob", "127.0.0.1:0", "`address` of gob over TCP")
	web := flag.String("http", "127.0.0.1:0", "`address` of gob over CONNECT, and of POST /jsonrpc")
	json := flag.String("json", "127.0.0.1:0", "`address` of JSON-RPC 1.0 over TCP")
	untilEOF := flag.Bool("until-eof", false, "end when standard input does")
	flag.Parse()
	// net/rpc logs every stream that ends in the middle of a message, which clients under test do on purpose.
	log.SetOutput(io.Discard)

	if err := service.Register(rpc.DefaultServer); err != nil {
		fail(err)
	}
	rpc.HandleHTTP()
	http.HandleFunc("/jsonrpc", serveBody)

	for _, l := range []struct {
		wire, address string
		serve         func(net.Listener)
	}{
		{"gob", *gob, rpc.Accept},
		{"http", *web, func(l net.Listener) { fail(http.Serve(l, nil)) }},
		{"json", *json, acceptJSON},
	} {
		listener, err := net.Listen("tcp", l.address)
		if err != nil {
			fail(err)
		}
		fmt.Println("LISTENING", l.wire, listener.Addr())
		go l.serve(listener)
	}
	if !*untilEOF {
		select {}
	}
	io.Copy(io.Discard, os.Stdin)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "netrpc-server:", err)
	os.Exit(1)
}

func acceptJSON(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go jsonrpc.ServeConn(conn)
	}
}

// exchange makes one stream of an HTTP request's body and its response.
type exchange struct {
	io.ReadCloser
	http.ResponseWriter
	answered bool
}

func (e *exchange) Write(reply []byte) (int, error) {
	e.answered = true
	return e.ResponseWriter.Write(reply)
}

// serveBody answers the one request in a body.
func serveBody(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "405 must POST", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	e := &exchange{ReadCloser: r.Body, ResponseWriter: w}
	// The error of a call that was answered with it comes back as well.
	if err := rpc.ServeRequest(jsonrpc.NewServerCodec(e)); err != nil && !e.answered {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, "{\"id\":null,\"result\":null,\"error\":%q}\n", err.Error())
	}
}
