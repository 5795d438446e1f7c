package main

import (
	"errors"
	"fmt"
	"net/rpc"
	"strings"
	"sync"
)

var loadCases = []testCase{
	{"1,000 calls in flight", "", connected(thousandInFlight)},
	{"1,000 slow calls at one time", "", connected(thousandSlow)},
	{"64 connections at once", "", manyConnections},
	{"a slow call does not hold up a fast one", "", connected(slowAndFast)},
	{"replies overtake each other and find their calls", "", connected(overtaking)},
	{"64 strings of 256 KiB in flight", "", connected(bigInFlight)},
	{"a hundred connections, one after the other", "", oneAfterTheOther},
}

func thousandInFlight(_ *target, client caller) error {
	const calls = 1000
	done := make(chan *rpc.Call, calls)
	for i := 0; i < calls; i++ {
		argument := args{A: i, B: i + 1}
		if i%10 == 9 {
			argument.B = 0
			client.Go("Arith.Divide", argument, new(quotient), done)
			continue
		}
		client.Go("Arith.Multiply", argument, new(int), done)
	}
	products, errors := 0, 0
	for i := 0; i < calls; i++ {
		call := <-done
		argument := call.Args.(args)
		switch reply := call.Reply.(type) {
		case *int:
			if call.Error != nil || *reply != argument.A*argument.B {
				return fmt.Errorf("%v: %d, %v", argument, *reply, call.Error)
			}
			products++
		default:
			if call.Error == nil || call.Error.Error() != "divide by zero." {
				return fmt.Errorf("%v: %v, want divide by zero.", argument, call.Error)
			}
			errors++
		}
	}
	if products != 900 || errors != 100 {
		return fmt.Errorf("%d products and %d errors", products, errors)
	}
	return nil
}

// thousandSlow would take minutes if calls waited for each other, which is more than a case may take.
func thousandSlow(t *target, client caller) error {
	const calls = 1000
	milliseconds := 200
	if t.form == "post" {
		// Only as many run at a time as there are connections.
		milliseconds = 100
	}
	done := make(chan *rpc.Call, calls)
	for i := 0; i < calls; i++ {
		client.Go("Demo.Sleep", milliseconds+i%7, new(int), done)
	}
	for i := 0; i < calls; i++ {
		if call := <-done; call.Error != nil || *call.Reply.(*int) != call.Args.(int) {
			return fmt.Errorf("sleep %v: %v, %v", call.Args, *call.Reply.(*int), call.Error)
		}
	}
	return nil
}

func manyConnections(t *target) error {
	const connections = 64
	var clients [connections]caller
	for i := range clients {
		client, err := dialers[t.form](t.address)
		if err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
		defer client.Close()
		clients[i] = client
	}
	failures := make(chan error, connections)
	var all sync.WaitGroup
	for i, client := range clients {
		all.Add(1)
		go func(i int, client caller) {
			defer all.Done()
			failures <- mixedCalls(i, client)
		}(i, client)
	}
	all.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

func mixedCalls(i int, client caller) error {
	for n := 0; n < 25; n++ {
		text := strings.Repeat("x", i*n)
		for _, err := range []error{
			expect(client, "Arith.Multiply", args{A: i, B: n}, i*n),
			expect(client, "h.Hello", text, "hello,"+text),
			refused(client, "Arith.Divide", args{A: i}, "divide by zero."),
		} {
			if err != nil {
				return fmt.Errorf("connection %d: %w", i, err)
			}
		}
	}
	return nil
}

func slowAndFast(_ *target, client caller) error {
	done := make(chan *rpc.Call, 3)
	slow := client.Go("Demo.Sleep", 1500, new(int), done)
	fast := client.Go("Arith.Multiply", args{A: 17, B: 8}, new(int), done)
	wrong := client.Go("Arith.Nope", args{}, new(int), done)
	order := []*rpc.Call{<-done, <-done, <-done}
	if order[2] != slow {
		return errors.New("the slow call was answered before a fast one")
	}
	if fast.Error != nil || *fast.Reply.(*int) != 136 || wrong.Error == nil || slow.Error != nil {
		return fmt.Errorf("fast: %v, wrong: %v, slow: %v", fast.Error, wrong.Error, slow.Error)
	}
	return nil
}

func overtaking(_ *target, client caller) error {
	const calls = 20
	done := make(chan *rpc.Call, calls)
	for i := calls; i > 0; i-- {
		client.Go("Demo.Sleep", i*50, new(int), done)
	}
	for i := 0; i < calls; i++ {
		call := <-done
		if call.Error != nil || *call.Reply.(*int) != call.Args.(int) {
			return fmt.Errorf("sleep %v: %v, %v", call.Args, *call.Reply.(*int), call.Error)
		}
		if i == 0 && call.Args.(int) > 500 {
			return fmt.Errorf("sleep %v, sent among the first, was answered first", call.Args)
		}
	}
	return nil
}

func bigInFlight(_ *target, client caller) error {
	const calls = 64
	done := make(chan *rpc.Call, calls)
	for i := 0; i < calls; i++ {
		client.Go("js.J", strings.Repeat(string(rune('a'+i%26)), 256<<10), new(string), done)
	}
	for i := 0; i < calls; i++ {
		call := <-done
		if call.Error != nil || *call.Reply.(*string) != "123,"+call.Args.(string) {
			return fmt.Errorf("a string came back wrong: %v", call.Error)
		}
	}
	return nil
}

func oneAfterTheOther(t *target) error {
	for i := 0; i < 100; i++ {
		if err := returns("Arith.Multiply", args{A: i, B: 2}, i*2)(t); err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
	}
	return nil
}
