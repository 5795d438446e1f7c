package main

import (
	"context"
	"io"
	"log"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	fileName  = "grpc-load"
	fileBytes = 1 << 30
	mebibyte  = 1 << 20
)

// raw passes messages on as bytes, so that the load costs little beside the transport.
type raw struct{}

func (raw) Marshal(message any) ([]byte, error)      { return *message.(*[]byte), nil }
func (raw) Unmarshal(data []byte, message any) error { *message.(*[]byte) = data; return nil }
func (raw) Name() string                             { return "proto" }

// download fetches a file of 1 GiB over and over, and counts each MiB as a call. A server that does not have the file is
// sent it first.
func (r *result) download(connection *grpc.ClientConn, until time.Time) {
	for len(r.latencies) == 0 || time.Now().Before(until) {
		if err := r.fetch(connection); status.Code(err) == codes.NotFound {
			store(connection)
		} else if err != nil {
			log.Fatal(err)
		}
	}
}

func (r *result) fetch(connection *grpc.ClientConn) error {
	stream := open(connection, "/FileService/DownLoad", &grpc.StreamDesc{ServerStreams: true})
	send(stream, text(1, []byte(fileName)))
	if err := stream.CloseSend(); err != nil {
		return err
	}
	total, counted, last := 0, 0, time.Now()
	for {
		var message []byte
		if err := stream.RecvMsg(&message); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		for total += len(message); total-counted >= mebibyte; counted += mebibyte {
			now := time.Now()
			r.latencies = append(r.latencies, now.Sub(last))
			last = now
		}
	}
	if total < fileBytes {
		log.Fatalf("the file ended after %d bytes", total)
	}
	return nil
}

func store(connection *grpc.ClientConn) {
	stream := open(connection, "/UpFileService/UpLoad", &grpc.StreamDesc{ClientStreams: true})
	piece := append(text(1, []byte(fileName)), text(2, make([]byte, mebibyte))...)
	for sent := 0; sent < fileBytes; sent += mebibyte {
		send(stream, piece)
	}
	var answer []byte
	if err := stream.CloseSend(); err != nil {
		log.Fatal(err)
	}
	if err := stream.RecvMsg(&answer); err != nil {
		log.Fatal(err)
	}
}

func open(connection *grpc.ClientConn, path string, kind *grpc.StreamDesc) grpc.ClientStream {
	stream, err := connection.NewStream(context.Background(), kind, path, grpc.ForceCodec(raw{}))
	if err != nil {
		log.Fatal(err)
	}
	return stream
}

func send(stream grpc.ClientStream, message []byte) {
	// An error of the call comes with the answer.
	if err := stream.SendMsg(&message); err != nil && err != io.EOF {
		log.Fatal(err)
	}
}

// text is a protobuf field of bytes.
func text(field protowire.Number, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), data)
}
