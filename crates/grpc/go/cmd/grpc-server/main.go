// Command grpc-server serves the services of proto/ on grpc-go, with its reflection: a peer for clients to be tried against, and the
// reference of the benchmark.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/reflection"

	"manywire/grpc/pb"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "`address` to listen on")
	tick := flag.Duration("tick", time.Second, "time between two items of a ticking stream")
	folder := flag.String("data-dir", os.TempDir(), "`folder` of the files")
	untilEOF := flag.Bool("until-eof", false, "end when standard input does")
	flag.Parse()
	if err := os.MkdirAll(*folder, 0o755); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	const limit = 16 << 20
	server := grpc.NewServer(grpc.MaxRecvMsgSize(limit), grpc.MaxSendMsgSize(limit))
	pb.RegisterGreeterServer(server, greeter{tick: *tick})
	pb.RegisterUserServiceServer(server, users{})
	pb.RegisterFileServiceServer(server, files{folder: *folder})
	pb.RegisterUpFileServiceServer(server, uploads{folder: *folder})
	pb.RegisterChatServiceServer(server, chat{})
	pb.RegisterTypesServiceServer(server, types{})
	reflection.Register(server)
	if *untilEOF {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
	}
	fmt.Println("LISTENING grpc", listener.Addr())
	log.Fatal(server.Serve(listener))
}
