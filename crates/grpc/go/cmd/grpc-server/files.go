package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"manywire/grpc/pb"
)

const chunk = 64 << 10

// pathOf refuses what is no name of a file in the folder.
func pathOf(folder, name string) (string, error) {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\\x00") || len(name) > 255 {
		return "", status.Errorf(codes.InvalidArgument, "%q is no name of a file", name)
	}
	return filepath.Join(folder, name), nil
}

type files struct {
	pb.UnimplementedFileServiceServer
	folder string
}

func (f files) DownLoad(request *pb.FileRequest, answers grpc.ServerStreamingServer[pb.FileResponse]) error {
	path, err := pathOf(f.folder, request.GetName())
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return status.Errorf(codes.NotFound, "there is no file %s", request.GetName())
	}
	defer file.Close()
	for buffer := make([]byte, chunk); ; {
		n, err := file.Read(buffer)
		if n > 0 {
			if err := answers.Send(&pb.FileResponse{Name: request.GetName(), Content: buffer[:n]}); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return status.Errorf(codes.Internal, "%s cannot be read: %v", request.GetName(), err)
		}
	}
}

type uploads struct {
	pb.UnimplementedUpFileServiceServer
	folder string
}

func (u uploads) UpLoad(requests grpc.ClientStreamingServer[pb.UpFileRequest, pb.UpFileResponse]) error {
	part, err := os.CreateTemp(u.folder, ".part-*")
	if err != nil {
		return status.Errorf(codes.Internal, "cannot store: %v", err)
	}
	defer os.Remove(part.Name())
	defer part.Close()
	var path string
	for {
		request, err := requests.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if path == "" {
			if path, err = pathOf(u.folder, request.GetName()); err != nil {
				return err
			}
		} else if name := request.GetName(); name != "" && name != filepath.Base(path) {
			return status.Error(codes.InvalidArgument, "one upload is one file")
		}
		if _, err := part.Write(request.GetContent()); err != nil {
			return status.Errorf(codes.Internal, "cannot store: %v", err)
		}
	}
	if path == "" {
		return status.Error(codes.InvalidArgument, "an upload has a message at least")
	}
	if err := os.Rename(part.Name(), path); err != nil {
		return status.Errorf(codes.Internal, "cannot store: %v", err)
	}
	return requests.SendAndClose(&pb.UpFileResponse{State: "success"})
}
