// Calls the store by Go's own net/rpc, in gob and in JSON: store ADDRESS.
package main

import (
	"fmt"
	"log"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
)

type Put struct {
	Key   string
	Value *string
}

type Get struct{ Key string }

func main() {
	address := os.Args[1]
	gob, err := rpc.Dial("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	json, err := jsonrpc.Dial("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	for _, client := range []*rpc.Client{gob, json} {
		key, value := "go", "1"
		var was bool
		if err := client.Call("Store.Put", Put{key, &value}, &was); err != nil {
			log.Fatal(err)
		}
		var found string
		if err := client.Call("Store.Get", Get{key}, &found); err != nil {
			log.Fatal(err)
		}
		fmt.Println(key, was, found, client.Call("Store.Get", Get{"missing"}, &found))
	}
}
