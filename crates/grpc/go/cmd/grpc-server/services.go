package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"manywire/grpc/pb"
)

type greeter struct {
	pb.UnimplementedGreeterServer
	tick time.Duration
}

func (greeter) SayHello(ctx context.Context, request *pb.HelloRequest) (*pb.HelloReply, error) {
	hello := "hello "
	incoming, _ := metadata.FromIncomingContext(ctx)
	if languages := incoming.Get("accept-language"); len(languages) > 0 && strings.HasPrefix(languages[0], "zh") {
		hello = "你好,"
	}
	return &pb.HelloReply{Message: hello + request.GetName()}, nil
}

func (g greeter) GetStream(_ *pb.StreamReqData, answers grpc.ServerStreamingServer[pb.StreamResData]) error {
	for n := 0; n < 12; n++ {
		now := strconv.FormatInt(time.Now().Unix(), 10)
		if err := answers.Send(&pb.StreamResData{Data: now}); err != nil {
			return err
		}
		if err := g.wait(answers.Context()); err != nil {
			return err
		}
	}
	return nil
}

func (greeter) PutStream(requests grpc.ClientStreamingServer[pb.StreamReqData, pb.StreamResData]) error {
	for n := 0; ; n++ {
		_, err := requests.Recv()
		if errors.Is(err, io.EOF) {
			return requests.SendAndClose(&pb.StreamResData{Data: fmt.Sprintf("received %d", n)})
		}
		if err != nil {
			return err
		}
	}
}

func (g greeter) AllStream(stream grpc.BidiStreamingServer[pb.StreamReqData, pb.StreamResData]) error {
	ended := make(chan error, 1)
	go func() {
		for {
			if _, err := stream.Recv(); err != nil {
				ended <- err
				return
			}
		}
	}()
	for {
		if err := stream.Send(&pb.StreamResData{Data: "I is server"}); err != nil {
			return err
		}
		select {
		case err := <-ended:
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		case <-time.After(g.tick):
		}
	}
}

func (g greeter) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	case <-time.After(g.tick):
		return nil
	}
}

type users struct {
	pb.UnimplementedUserServiceServer
}

func (users) GetUser(_ context.Context, request *pb.UserRequest) (*pb.UserResponse, error) {
	if request.GetId() <= 0 {
		return nil, status.Errorf(codes.InvalidArgument, "no user has the id %d", request.GetId())
	}
	return &pb.UserResponse{Id: request.GetId(), Name: "itxiaoshen"}, nil
}

type chat struct {
	pb.UnimplementedChatServiceServer
}

func (chat) TextChat(stream grpc.BidiStreamingServer[pb.TextRequest, pb.TextResponse]) error {
	for i := 0; ; i++ {
		_, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&pb.TextResponse{Message: fmt.Sprintf("server send world to client!i=%d", i)}); err != nil {
			return err
		}
	}
}

type types struct {
	pb.UnimplementedTypesServiceServer
}

func (types) Echo(_ context.Context, message *pb.AllTypes) (*pb.AllTypes, error) {
	return message, nil
}
