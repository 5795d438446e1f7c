// Package service has the net/rpc methods that manywire serves, as a Go program would write them.
package service

import (
	"errors"
	"fmt"
	"net/rpc"
	"time"
)

// Args is the argument of the arithmetic methods.
type Args struct {
	A, B int
}

// Quotient is the reply of Arith.Divide.
type Quotient struct {
	Quo, Rem int
}

// Arith does integer arithmetic.
type Arith struct{}

// Multiply replies A*B. Go's integers wrap where manywire's do not.
func (Arith) Multiply(args *Args, reply *int) error {
	*reply = args.A * args.B
	return nil
}

// Divide replies the truncated quotient and its remainder.
func (Arith) Divide(args *Args, reply *Quotient) error {
	if args.B == 0 {
		return errors.New("divide by zero.")
	}
	reply.Quo, reply.Rem = args.A/args.B, args.A%args.B
	return nil
}

// MathService multiplies too.
type MathService struct{}

// Multiply replies A*B.
func (MathService) Multiply(args *Args, reply *int) error {
	return Arith{}.Multiply(args, reply)
}

// Greeter is served as h.
type Greeter struct{}

// Hello greets.
func (Greeter) Hello(name string, reply *string) error {
	*reply = "hello," + name
	return nil
}

// Counter is served as js, Js and handler/js.
type Counter struct{}

// J puts a prefix before the text.
func (Counter) J(text string, reply *string) error {
	*reply = "123," + text
	return nil
}

// Demo has a method that is slow on purpose.
type Demo struct{}

// Sleep waits so many milliseconds and replies their number.
func (Demo) Sleep(milliseconds int, reply *int) error {
	if milliseconds < 0 || milliseconds > 60000 {
		return fmt.Errorf("cannot sleep %d ms; give 0 to 60000", milliseconds)
	}
	time.Sleep(time.Duration(milliseconds) * time.Millisecond)
	*reply = milliseconds
	return nil
}

// Register adds every method to a server under the names that clients know.
func Register(server *rpc.Server) error {
	for name, receiver := range map[string]any{
		"Arith":       Arith{},
		"MathService": MathService{},
		"h":           Greeter{},
		"js":          Counter{},
		"Js":          Counter{},
		"handler/js":  Counter{},
		"Demo":        Demo{},
		"Echo":        Echo{},
	} {
		if err := server.RegisterName(name, receiver); err != nil {
			return fmt.Errorf("register %s: %w", name, err)
		}
	}
	return nil
}
