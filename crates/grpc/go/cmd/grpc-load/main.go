// Command grpc-load calls Greeter/SayHello or Arith/Multiply as often as it can, or downloads a file, with grpc-go's client, and
// prints what it saw as one line of JSON.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"sort"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/examples/helloworld/helloworld"
)

func main() {
	address := flag.String("addr", "127.0.0.1:7070", "the server's address")
	inflight := flag.Int("inflight", 64, "calls in flight on each connection")
	conns := flag.Int("conns", 1, "connections")
	form := flag.String("form", "unary", "unary, multiply or download")
	duration := flag.Duration("duration", 2*time.Second, "how long to call")
	flag.Parse()

	var group sync.WaitGroup
	results := make([]result, *conns**inflight)
	start := time.Now()
	for c := 0; c < *conns; c++ {
		connection, err := grpc.NewClient(*address, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithInitialWindowSize(1<<20), grpc.WithInitialConnWindowSize(2<<20))
		if err != nil {
			log.Fatal(err)
		}
		defer connection.Close()
		for i := 0; i < *inflight; i++ {
			group.Add(1)
			go func(result *result) {
				defer group.Done()
				until := start.Add(*duration)
				switch *form {
				case "download":
					result.download(connection, until)
				case "multiply":
					result.repeat(multiply(connection), until)
				default:
					result.repeat(sayHello(connection), until)
				}
			}(&results[c**inflight+i])
		}
	}
	group.Wait()
	report(results, time.Since(start))
}

// result is what one caller saw.
type result struct {
	latencies []time.Duration
	errors    int
}

// sayHello makes one call, and tells whether it was answered as it should be.
func sayHello(connection *grpc.ClientConn) func() bool {
	request, reply := &helloworld.HelloRequest{Name: "world"}, new(helloworld.HelloReply)
	return func() bool {
		err := connection.Invoke(context.Background(), "/Greeter/SayHello", request, reply)
		return err == nil && reply.GetMessage() == "hello world"
	}
}

// multiply asks for 17 times 8. No .proto names the method, so the messages are written by hand.
func multiply(connection *grpc.ClientConn) func() bool {
	request, expected, reply := []byte{1 << 3, 17, 2 << 3, 8}, []byte{1 << 3, 136, 1}, []byte(nil)
	return func() bool {
		err := connection.Invoke(context.Background(), "/Arith/Multiply", &request, &reply, grpc.ForceCodec(raw{}))
		return err == nil && bytes.Equal(reply, expected)
	}
}

func (r *result) repeat(call func() bool, until time.Time) {
	for now := time.Now(); now.Before(until); {
		if !call() {
			r.errors++
		}
		after := time.Now()
		r.latencies = append(r.latencies, after.Sub(now))
		now = after
	}
}

func report(results []result, elapsed time.Duration) {
	var all []time.Duration
	errors := 0
	for _, result := range results {
		all = append(all, result.latencies...)
		errors += result.errors
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	at := func(part float64) float64 { return float64(all[int(float64(len(all)-1)*part)].Nanoseconds()) / 1e3 }
	line, err := json.Marshal(map[string]any{
		"calls": len(all), "seconds": elapsed.Seconds(), "calls_per_s": float64(len(all)) / elapsed.Seconds(),
		"p50_us": at(0.5), "p99_us": at(0.99), "errors": errors,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(line))
}
