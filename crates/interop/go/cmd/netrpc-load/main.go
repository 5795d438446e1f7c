// Command netrpc-load calls Arith.Multiply as fast as a server answers, and prints what it measured as a line of JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"sort"
	"sync"
	"time"
)

// A slot is one call in flight. Neither gob nor JSON sees its small fields, so it is the argument itself.
type slot struct {
	A, B  int
	reply int
	start time.Time
}

// A tally is what one connection saw.
type tally struct {
	latencies []time.Duration
	errors    int
	failure   error
}

func main() {
	form := flag.String("form", "gob", "how to speak: gob, http (gob over CONNECT), or json")
	address := flag.String("addr", "127.0.0.1:1234", "`address` of the server")
	inflight := flag.Int("inflight", 1, "calls in flight on each connection")
	conns := flag.Int("conns", 1, "connections")
	duration := flag.Duration("duration", 2*time.Second, "how long to go on")
	calls := flag.Int("calls", 0, "stop after so many calls on each connection instead")
	flag.Parse()

	clients := make([]*rpc.Client, *conns)
	for i := range clients {
		client, err := dial(*form, *address)
		if err != nil {
			fmt.Fprintf(os.Stderr, "netrpc-load: connection %d to %s: %v\n", i+1, *address, err)
			os.Exit(1)
		}
		clients[i] = client
	}

	start := time.Now()
	limit := limit{deadline: start.Add(*duration), calls: *calls}
	tallies := make([]tally, *conns)
	var all sync.WaitGroup
	for i, client := range clients {
		all.Add(1)
		go func(i int, client *rpc.Client) {
			defer all.Done()
			tallies[i] = drive(client, *inflight, limit)
		}(i, client)
	}
	all.Wait()
	report(tallies, time.Since(start))
}

func dial(form, address string) (*rpc.Client, error) {
	switch form {
	case "gob":
		return rpc.Dial("tcp", address)
	case "http":
		return rpc.DialHTTP("tcp", address)
	case "json":
		return jsonrpc.Dial("tcp", address)
	}
	return nil, fmt.Errorf("unknown form %q", form)
}

// A limit says when to start no more calls.
type limit struct {
	deadline time.Time
	calls    int
}

func (l limit) reached(now time.Time, started int) bool {
	if l.calls > 0 {
		return started >= l.calls
	}
	return !now.Before(l.deadline)
}

// drive keeps the same number of calls in flight until the limit, then waits for those under way.
func drive(client *rpc.Client, inflight int, limit limit) tally {
	defer client.Close()
	t := tally{latencies: make([]time.Duration, 0, 1<<16)}
	done := make(chan *rpc.Call, inflight)
	started, pending := 0, 0
	begin := func(s *slot, now time.Time) {
		s.A, s.B, s.start = started, started+3, now
		client.Go("Arith.Multiply", s, &s.reply, done)
		started++
		pending++
	}
	for now := time.Now(); pending < inflight && !limit.reached(now, started); {
		begin(new(slot), now)
	}
	for pending > 0 {
		call := <-done
		pending--
		now := time.Now()
		s := call.Args.(*slot)
		if call.Error != nil || s.reply != s.A*s.B {
			t.errors++
			t.failure = fmt.Errorf("%d times %d was %d: %v", s.A, s.B, s.reply, call.Error)
			if call.Error == rpc.ErrShutdown {
				return t
			}
		} else {
			t.latencies = append(t.latencies, now.Sub(s.start))
		}
		s.reply = 0
		if !limit.reached(now, started) {
			begin(s, now)
		}
	}
	return t
}

func report(tallies []tally, took time.Duration) {
	var latencies []time.Duration
	errors := 0
	for _, t := range tallies {
		latencies = append(latencies, t.latencies...)
		errors += t.errors
		if t.failure != nil {
			fmt.Fprintln(os.Stderr, "netrpc-load:", t.failure)
		}
	}
	sort.Slice(latencies, func(i, j int) bool { return latencies[i] < latencies[j] })
	percentile := func(p int) float64 {
		if len(latencies) == 0 {
			return 0
		}
		return float64(latencies[(len(latencies)-1)*p/100].Nanoseconds()) / 1000
	}
	// A map of plain numbers always encodes.
	line, _ := json.Marshal(map[string]any{
		"calls":       len(latencies),
		"seconds":     took.Seconds(),
		"calls_per_s": float64(len(latencies)) / took.Seconds(),
		"p50_us":      percentile(50),
		"p99_us":      percentile(99),
		"errors":      errors,
	})
	fmt.Println(string(line))
	if errors > 0 || len(latencies) == 0 {
		os.Exit(1)
	}
}
