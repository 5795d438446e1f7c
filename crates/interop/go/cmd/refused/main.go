// Posts long bodies to a server that refuses them, and prints the statuses that it reads.
package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
)

func main() {
	paths := append(strings.Split(strings.Repeat("/left ", 10), " ")[:10], strings.Split(strings.Repeat("/ ", 10), " ")[:10]...)
	var statuses []string
	for _, path := range paths {
		answer, err := http.Post(os.Args[1]+path, "text/plain", bytes.NewReader(make([]byte, 8<<20)))
		if err != nil {
			log.Fatal(err)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		statuses = append(statuses, fmt.Sprint(answer.StatusCode))
	}
	fmt.Println(strings.Join(statuses, " "))
}
