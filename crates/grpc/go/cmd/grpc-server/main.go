// Command grpc-server is grpc-go's helloworld under the name of the notes' service: the reference of the benchmark.
package main

import (
	"context"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/examples/helloworld/helloworld"
)

type greeter struct {
	helloworld.UnimplementedGreeterServer
}

func (greeter) SayHello(_ context.Context, request *helloworld.HelloRequest) (*helloworld.HelloReply, error) {
	return &helloworld.HelloReply{Message: "hello " + request.GetName()}, nil
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	service := helloworld.Greeter_ServiceDesc
	service.ServiceName = "Greeter"
	server := grpc.NewServer()
	server.RegisterService(&service, greeter{})
	fmt.Println("LISTENING grpc", listener.Addr())
	log.Fatal(server.Serve(listener))
}
