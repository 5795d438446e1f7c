// Command grpc-answers is grpc-go's client as scripts/interop runs it: grpc-answers WIRE ADDRESS, then a call and an answer a line;
// see crates/interop/src/bin/interop/ask.rs.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

type call struct {
	ID         int               `json:"id"`
	Method     string            `json:"method"`
	Arguments  []json.RawMessage `json:"arguments"`
	Requests   []json.RawMessage `json:"requests"`
	Take       *int              `json:"take"`
	Metadata   map[string]string `json:"metadata"`
	DeadlineMS *int              `json:"deadline_ms"`
}

type failure struct {
	Text string `json:"text"`
	Code int    `json:"code"`
	Name string `json:"name"`
}

func main() {
	if len(os.Args) != 3 || os.Args[1] != "grpc" {
		fmt.Fprintln(os.Stderr, "grpc-answers: give it the wire grpc and an address")
		os.Exit(2)
	}
	const limit = 16 << 20
	connection, err := grpc.NewClient(os.Args[2], grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(limit), grpc.MaxCallSendMsgSize(limit)))
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
		told, err := json.Marshal(told(connection, c))
		check(err)
		fmt.Println(string(told))
	}
}

// told makes the call. Only one that failed, or gave a value, has no items.
func told(connection *grpc.ClientConn, c call) any {
	value, items, err := makeCall(connection, c)
	switch s, ok := status.FromError(err); {
	case !ok:
		check(err)
		return nil
	case err != nil:
		return map[string]any{"id": c.ID, "error": failure{s.Message(), int(s.Code()), strings.ToLower(code.Code(s.Code()).String())}}
	case value != nil:
		return map[string]any{"id": c.ID, "value": value}
	default:
		return map[string]any{"id": c.ID, "items": items}
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "grpc-answers:", err)
		os.Exit(1)
	}
}
