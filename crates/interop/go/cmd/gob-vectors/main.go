// Command gob-vectors prints values as Go's encoding/gob writes them, a line of name and hex for each.
//
// Go numbers types in the order in which a process first uses them, so each value is encoded by a process of its own.
package main

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"runtime"
)

func main() {
	if len(os.Args) == 2 {
		if err := printOne(os.Args[1]); err != nil {
			fail(err)
		}
		return
	}
	self, err := os.Executable()
	if err != nil {
		fail(err)
	}
	fmt.Printf("# encoding/gob of %s: one fresh process and encoder for each line; `name hex`.\n", runtime.Version())
	for _, v := range vectors {
		one := exec.Command(self, v.name)
		one.Stderr = os.Stderr
		line, err := one.Output()
		if err != nil {
			fail(fmt.Errorf("%s: %w", v.name, err))
		}
		os.Stdout.Write(line)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "gob-vectors:", err)
	os.Exit(1)
}

func printOne(name string) error {
	for _, v := range vectors {
		if v.name != name {
			continue
		}
		var stream bytes.Buffer
		encoder := gob.NewEncoder(&stream)
		for _, value := range v.values {
			if err := encoder.Encode(value); err != nil {
				return err
			}
		}
		fmt.Println(name, hex.EncodeToString(stream.Bytes()))
		return nil
	}
	return fmt.Errorf("no vector %q", name)
}
