// Command netrpc-client runs Go's own clients against a net/rpc server and says what held and what did not.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

// patience is how long one case may take; most take milliseconds.
const patience = 60 * time.Second

// A testCase is one thing that must hold.
type testCase struct {
	name string
	// forms lists those that it is about; empty means all.
	forms string
	check func(*target) error
}

var groups = [][]testCase{methodCases, valueCases, shapeCases, errorCases, loadCases, handshakeCases, rawJSONCases}

func main() {
	var t target
	flag.StringVar(&t.form, "form", "gob", "how to speak: gob, http (gob over CONNECT), json, or post (JSON by POST)")
	flag.StringVar(&t.address, "addr", "127.0.0.1:1234", "`address` of the server")
	server := flag.String("server", "manywire", "whose server it is, manywire or go: Go's integers wrap on overflow")
	only := flag.String("run", "", "run only the cases whose name has this `text` in it")
	flag.Parse()
	t.isGo = *server == "go"
	if dialers[t.form] == nil || !t.isGo && *server != "manywire" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}

	passed, failed := 0, 0
	for _, group := range groups {
		for _, c := range group {
			if !c.isAbout(t.form) || !strings.Contains(c.name, *only) {
				continue
			}
			if err := c.run(&t); err != nil {
				failed++
				fmt.Printf("FAIL %s: %v\n", c.name, err)
			} else {
				passed++
				fmt.Printf("ok %s\n", c.name)
			}
		}
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		os.Exit(1)
	}
}

func (c *testCase) isAbout(form string) bool {
	if c.forms == "" {
		return true
	}
	for _, f := range strings.Fields(c.forms) {
		if f == form {
			return true
		}
	}
	return false
}

func (c *testCase) run(t *target) error {
	outcome := make(chan error, 1)
	go func() { outcome <- c.check(t) }()
	select {
	case err := <-outcome:
		return err
	case <-time.After(patience):
		return fmt.Errorf("no answer within %v", patience)
	}
}
