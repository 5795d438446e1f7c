// Command http-load posts one body as fast as a server answers it, and prints what it measured as a line of JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"time"
)

// A question is what is posted, and how the right answer is known.
type question struct {
	url, contentType, body, expect string
}

// A tally is what one connection saw.
type tally struct {
	latencies []time.Duration
	errors    int
	failure   error
}

func main() {
	var q question
	address := flag.String("addr", "127.0.0.1:8080", "`address` of the server")
	path := flag.String("path", "/", "path to post to")
	flag.StringVar(&q.contentType, "content-type", "application/json", "content type of the body")
	flag.StringVar(&q.body, "body", "", "what to post")
	flag.StringVar(&q.expect, "expect", "", "what each answer must contain")
	conns := flag.Int("conns", 1, "connections, each with one call in flight")
	duration := flag.Duration("duration", 2*time.Second, "how long to go on")
	flag.Parse()
	q.url = "http://" + *address + *path

	start := time.Now()
	deadline := start.Add(*duration)
	tallies := make([]tally, *conns)
	var all sync.WaitGroup
	for i := range tallies {
		all.Add(1)
		go func(t *tally) {
			defer all.Done()
			t.drive(q, deadline)
		}(&tallies[i])
	}
	all.Wait()
	report(tallies, time.Since(start))
}

// drive posts on one connection until the deadline.
func (t *tally) drive(q question, deadline time.Time) {
	client := &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{MaxConnsPerHost: 1, MaxIdleConnsPerHost: 1, DisableCompression: true},
	}
	defer client.CloseIdleConnections()
	for now := time.Now(); now.Before(deadline); {
		err := ask(client, q)
		end := time.Now()
		if err == nil {
			t.latencies = append(t.latencies, end.Sub(now))
		} else {
			t.errors++
			t.failure = err
		}
		now = end
	}
}

func ask(client *http.Client, q question) error {
	response, err := client.Post(q.url, q.contentType, strings.NewReader(q.body))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK || !strings.Contains(string(answer), q.expect) {
		return fmt.Errorf("%s: %.200s", response.Status, answer)
	}
	return nil
}

func report(tallies []tally, took time.Duration) {
	var latencies []time.Duration
	errors := 0
	for _, t := range tallies {
		latencies = append(latencies, t.latencies...)
		errors += t.errors
		if t.failure != nil {
			fmt.Fprintln(os.Stderr, "http-load:", t.failure)
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
