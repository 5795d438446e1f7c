package main

import (
	"bufio"
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/rpc"
	"strings"
	"time"
)

var handshakeCases = []testCase{
	{"CONNECT to another path", "http", connectElsewhere},
	{"GET instead of CONNECT", "http", getInsteadOfConnect},
	{"a call in the same packet as CONNECT", "http", callWithConnect},
	{"a call that comes byte by byte", "gob http", byteByByte},
	{"GET instead of POST", "post", getInsteadOfPost},
	{"a body that is no JSON", "post", noJSON},
	{"any content type", "post", otherContentType},
}

func connectElsewhere(t *target) error {
	client, err := rpc.DialHTTPPath("tcp", t.address, "/elsewhere")
	if err == nil {
		client.Close()
		return errors.New("it was accepted")
	}
	if !strings.HasSuffix(err.Error(), "unexpected HTTP response: 404 Not Found") {
		return err
	}
	return nil
}

func getInsteadOfConnect(t *target) error {
	response, err := http.Get("http://" + t.address + "/_goRPC_")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if response.StatusCode != 405 || string(body) != "405 must CONNECT\n" {
		return fmt.Errorf("%s %q %v", response.Status, body, err)
	}
	return nil
}

// dialRaw connects without a client.
func dialRaw(t *target) (net.Conn, error) {
	conn, err := net.Dial("tcp", t.address)
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(patience))
}

// firstCall is what Go's client sends for Arith.Multiply of 17 and 8.
func firstCall() []byte {
	var stream bytes.Buffer
	encoder := gob.NewEncoder(&stream)
	// Neither can fail: the types are plain and the stream is memory.
	encoder.Encode(rpc.Request{ServiceMethod: "Arith.Multiply", Seq: 5})
	encoder.Encode(args{A: 17, B: 8})
	return stream.Bytes()
}

func readProduct(stream io.Reader) error {
	var header rpc.Response
	var product int
	decoder := gob.NewDecoder(stream)
	if err := decoder.Decode(&header); err != nil {
		return err
	}
	if err := decoder.Decode(&product); err != nil {
		return err
	}
	if header.Seq != 5 || header.Error != "" || product != 136 {
		return fmt.Errorf("%+v, %d", header, product)
	}
	return nil
}

const connectLine = "CONNECT " + rpc.DefaultRPCPath + " HTTP/1.0\n\n"

// callWithConnect is for servers that look into what they read along with the CONNECT, which Go's does not.
func callWithConnect(t *target) error {
	if t.isGo {
		return nil
	}
	conn, err := dialRaw(t)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Write(append([]byte(connectLine), firstCall()...)); err != nil {
		return err
	}
	stream := bufio.NewReader(conn)
	if err := readConnected(stream); err != nil {
		return err
	}
	return readProduct(stream)
}

func readConnected(stream *bufio.Reader) error {
	head, err := stream.ReadString('\n')
	if err != nil || head != "HTTP/1.0 200 Connected to Go RPC\n" {
		return fmt.Errorf("%q, %v", head, err)
	}
	blank, err := stream.ReadString('\n')
	if err != nil || blank != "\n" {
		return fmt.Errorf("%q after the status line, %v", blank, err)
	}
	return nil
}

func byteByByte(t *target) error {
	conn, err := dialRaw(t)
	if err != nil {
		return err
	}
	defer conn.Close()
	stream := bufio.NewReader(conn)
	if t.form == "http" {
		if err := trickle(conn, []byte(connectLine)); err != nil {
			return err
		}
		if err := readConnected(stream); err != nil {
			return err
		}
	}
	if err := trickle(conn, firstCall()); err != nil {
		return err
	}
	return readProduct(stream)
}

// trickle writes each byte in a packet of its own.
func trickle(conn net.Conn, message []byte) error {
	for i := range message {
		if _, err := conn.Write(message[i : i+1]); err != nil {
			return err
		}
		time.Sleep(200 * time.Microsecond)
	}
	return nil
}

func getInsteadOfPost(t *target) error {
	response, err := http.Get("http://" + t.address + "/jsonrpc")
	if err != nil {
		return err
	}
	response.Body.Close()
	// Go's program says 405 here, and a port that serves more than net/rpc may say that there is nothing to GET.
	if response.StatusCode != 405 && response.StatusCode != 404 {
		return errors.New(response.Status)
	}
	return nil
}

func noJSON(t *target) error {
	for _, body := range []string{"{", "nonsense", "", "{\"method\":"} {
		response, err := http.Post("http://"+t.address+"/jsonrpc", "application/json", strings.NewReader(body))
		if err != nil {
			return err
		}
		answer, err := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != 400 || !bytes.HasPrefix(answer, []byte(`{"id":null,"result":null,"error":"`)) {
			return fmt.Errorf("%q: %s %q %v", body, response.Status, answer, err)
		}
	}
	return nil
}

func otherContentType(t *target) error {
	request := `{"method":"js.J","params":["x"],"id":7}`
	for _, kind := range []string{"text/plain", "application/octet-stream", ""} {
		response, err := http.Post("http://"+t.address+"/jsonrpc", kind, strings.NewReader(request))
		if err != nil {
			return err
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			return err
		}
		var reply string
		if err := readReply(body, 7, &reply); err != nil || reply != "123,x" {
			return fmt.Errorf("%q: %q %v", kind, reply, err)
		}
	}
	return nil
}
