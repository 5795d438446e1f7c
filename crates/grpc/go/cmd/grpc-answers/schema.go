package main

import (
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"manywire/grpc/pb"
)

// Services are looked up in the generated code, and then among those that the server has exported.
var (
	_        = pb.File_types_proto
	exported = readExported()
	types    = resolver{protoregistry.GlobalTypes, dynamicpb.NewTypes(exported)}
)

func readExported() *protoregistry.Files {
	folder := os.Getenv("MANYWIRE_EXPORT")
	if folder == "" {
		return &protoregistry.Files{}
	}
	data, err := os.ReadFile(filepath.Join(folder, "protos.bin"))
	check(err)
	var set descriptorpb.FileDescriptorSet
	check(proto.Unmarshal(data, &set))
	files, err := protodesc.NewFiles(&set)
	check(err)
	return files
}

func find(name string) protoreflect.MethodDescriptor {
	service, method, _ := strings.Cut(name, "/")
	for _, files := range []*protoregistry.Files{protoregistry.GlobalFiles, exported} {
		found, err := files.FindDescriptorByName(protoreflect.FullName(service))
		if err != nil {
			continue
		}
		// An interface that holds nothing is not nil.
		if described := found.(protoreflect.ServiceDescriptor).Methods().ByName(protoreflect.Name(method)); described != nil {
			return described
		}
	}
	return nil
}

// newMessage is of the generated type, where there is one.
func newMessage(descriptor protoreflect.MessageDescriptor) proto.Message {
	found, err := protoregistry.GlobalTypes.FindMessageByName(descriptor.FullName())
	if err != nil {
		return dynamicpb.NewMessage(descriptor)
	}
	return found.New().Interface()
}

// resolver finds what is in an Any.
type resolver struct {
	*protoregistry.Types
	exported *dynamicpb.Types
}

func (r resolver) FindMessageByName(name protoreflect.FullName) (protoreflect.MessageType, error) {
	if found, err := r.Types.FindMessageByName(name); err == nil {
		return found, nil
	}
	return r.exported.FindMessageByName(name)
}

func (r resolver) FindMessageByURL(url string) (protoreflect.MessageType, error) {
	if found, err := r.Types.FindMessageByURL(url); err == nil {
		return found, nil
	}
	return r.exported.FindMessageByURL(url)
}
