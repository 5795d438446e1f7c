package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"manywire/grpc/pb"
)

// makeCall returns a value or the items of a stream.
func makeCall(connection *grpc.ClientConn, c call) (json.RawMessage, []json.RawMessage, error) {
	ctx, cancel := context.WithCancel(context.Background())
	if c.DeadlineMS != nil {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(*c.DeadlineMS)*time.Millisecond)
	}
	defer cancel()
	for key, value := range c.Metadata {
		ctx = metadata.AppendToOutgoingContext(ctx, key, value)
	}
	path := "/" + c.Method
	method := find(c.Method)
	if method == nil {
		// Not in the proto, so there is no stub for it.
		return nil, nil, connection.Invoke(ctx, path, &pb.HelloRequest{}, &pb.HelloReply{})
	}
	requests, err := readAll(method, c)
	if err != nil {
		return nil, nil, err
	}
	if !method.IsStreamingClient() && !method.IsStreamingServer() {
		reply := newMessage(method.Output())
		if err := connection.Invoke(ctx, path, requests[0], reply); err != nil {
			return nil, nil, err
		}
		value, err := write(reply)
		return value, nil, err
	}
	description := &grpc.StreamDesc{ClientStreams: method.IsStreamingClient(), ServerStreams: method.IsStreamingServer()}
	stream, err := connection.NewStream(ctx, description, path)
	if err != nil {
		return nil, nil, err
	}
	// Sent while the answers are read, or a long exchange would wait for itself.
	go send(stream, requests, c.Take == nil)
	items, err := receive(stream, method, c.Take)
	if err == nil && !method.IsStreamingServer() {
		return items[0], nil, nil
	}
	return nil, items, err
}

func send(stream grpc.ClientStream, requests []proto.Message, end bool) {
	for _, request := range requests {
		// Why it could not be sent is what receiving says.
		if stream.SendMsg(request) != nil {
			return
		}
	}
	if end {
		_ = stream.CloseSend()
	}
}

func receive(stream grpc.ClientStream, method protoreflect.MethodDescriptor, take *int) ([]json.RawMessage, error) {
	items := []json.RawMessage{}
	for take == nil || len(items) < *take {
		item := newMessage(method.Output())
		if err := stream.RecvMsg(item); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		data, err := write(item)
		if err != nil {
			return nil, err
		}
		items = append(items, data)
	}
	return items, nil
}

func readAll(method protoreflect.MethodDescriptor, c call) ([]proto.Message, error) {
	given := c.Requests
	if !method.IsStreamingClient() {
		given = c.Arguments
	}
	var requests []proto.Message
	for _, data := range given {
		message := newMessage(method.Input())
		text, err := plain(data)
		if err == nil {
			err = protojson.UnmarshalOptions{Resolver: types}.Unmarshal(text, message)
		}
		if err != nil {
			return nil, fmt.Errorf("%s is no %s: %w", data, method.Input().Name(), err)
		}
		requests = append(requests, message)
	}
	return requests, nil
}

func write(message proto.Message) (json.RawMessage, error) {
	return protojson.MarshalOptions{UseProtoNames: true, Resolver: types}.Marshal(message)
}
