// Command grpc-types sends messages to TypesService.Echo, knowing only what reflection tells it, and checks that they come back
// the same. It reads messages as hex, one a line, and writes each as Go encodes what came back; then its own extremes.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"log"
	"math"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	connection, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	descriptor := learn(ctx, connection)
	echo := func(message proto.Message) proto.Message {
		back := dynamicpb.NewMessage(descriptor)
		check(connection.Invoke(ctx, "/TypesService/Echo", message, back))
		return back
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Buffer(nil, 1<<20); lines.Scan(); {
		data, err := hex.DecodeString(lines.Text())
		check(err)
		message := dynamicpb.NewMessage(descriptor)
		check(proto.Unmarshal(data, message))
		back := echo(message)
		if !proto.Equal(message, back) {
			log.Fatalf("%v came back as %v", message, back)
		}
		out, err := proto.MarshalOptions{Deterministic: true}.Marshal(back)
		check(err)
		fmt.Println(hex.EncodeToString(out))
	}
	check(lines.Err())
	extremes := extremes(descriptor)
	if back := echo(extremes); !proto.Equal(extremes, back) {
		log.Fatalf("%v came back as %v", extremes, back)
	}
}

// learn asks the server for the message that Echo takes.
func learn(ctx context.Context, connection *grpc.ClientConn) protoreflect.MessageDescriptor {
	stream, err := reflection.NewServerReflectionClient(connection).ServerReflectionInfo(ctx)
	check(err)
	ask := &reflection.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: "AllTypes"}
	check(stream.Send(&reflection.ServerReflectionRequest{MessageRequest: ask}))
	set := new(descriptorpb.FileDescriptorSet)
	seen := map[string]bool{}
	for wanted := 1; wanted > 0; wanted-- {
		answer, err := stream.Recv()
		check(err)
		for _, data := range answer.GetFileDescriptorResponse().GetFileDescriptorProto() {
			file := new(descriptorpb.FileDescriptorProto)
			check(proto.Unmarshal(data, file))
			if seen[file.GetName()] {
				continue
			}
			seen[file.GetName()] = true
			set.File = append(set.File, file)
			for _, name := range file.Dependency {
				ask := &reflection.ServerReflectionRequest_FileByFilename{FileByFilename: name}
				check(stream.Send(&reflection.ServerReflectionRequest{MessageRequest: ask}))
				wanted++
			}
		}
	}
	files, err := protodesc.NewFiles(set)
	check(err)
	found, err := files.FindDescriptorByName("AllTypes")
	check(err)
	return found.(protoreflect.MessageDescriptor)
}

// extremes sets every scalar to what is hardest to carry.
func extremes(descriptor protoreflect.MessageDescriptor) *dynamicpb.Message {
	message := dynamicpb.NewMessage(descriptor)
	for name, value := range map[string]any{
		"double_value": math.Copysign(0, -1), "float_value": float32(math.SmallestNonzeroFloat32),
		"int32_value": int32(math.MinInt32), "int64_value": int64(math.MinInt64),
		"uint32_value": uint32(math.MaxUint32), "uint64_value": uint64(math.MaxUint64),
		"sint32_value": int32(math.MinInt32), "sint64_value": int64(math.MinInt64),
		"fixed32_value": uint32(math.MaxUint32), "fixed64_value": uint64(math.MaxUint64),
		"sfixed32_value": int32(math.MinInt32), "sfixed64_value": int64(math.MinInt64),
		"bool_value": true, "string_value": "\x00\U0010FFFF", "bytes_value": []byte{0, 0xff},
	} {
		message.Set(descriptor.Fields().ByName(protoreflect.Name(name)), protoreflect.ValueOf(value))
	}
	return message
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
