// Command grpc-server speaks rtc.RTC/Signal as far as the interop suite needs it: a server of grpc-go with flags for what servers
// and their operators do to connections.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// joined is a Reply: { join: { success: true, description: { type: "answer", sdp: "v=0" } } }.
const joined = "\x0a\x13\x08\x01\x1a\x0f\x12\x06answer\x1a\x05v=0\r\n"

var (
	address    = flag.String("addr", "127.0.0.1:0", "host:port, or unix:path")
	maxAge     = flag.Duration("max-age", 0, "connections get a GOAWAY after this")
	maxStreams = flag.Uint("max-streams", 0, "streams on a connection")
	window     = flag.Int("window", 0, "bytes of the windows")
	minPing    = flag.Duration("min-ping", time.Millisecond, "clients that ping more often are cut off")
	compress   = flag.Bool("gzip", false, "compress every reply, whatever the client accepts")
	silence    = flag.Duration("silence", 0, "answer nothing for so long")
)

// raw passes messages on as bytes.
type raw struct{}

func (raw) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }
func (raw) Unmarshal(bytes []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), bytes...)
	return nil
}
func (raw) Name() string { return "proto" }

// signalStream answers a join as Ion does, carries out commands, and says everything else again.
func signalStream(_ any, stream grpc.ServerStream) error {
	time.Sleep(*silence)
	for {
		var message []byte
		if err := stream.RecvMsg(&message); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		name, number := command(message)
		reply := message
		switch {
		case len(message) > 0 && message[0] == 0x0a:
			reply = []byte(joined)
		case name == "end":
			return status.Error(codes.Code(number), "as wished: ä")
		case name == "headers":
			for n := 0; n < number; n++ {
				stream.SetTrailer(metadata.Pairs(fmt.Sprint("x-large-", n), strings.Repeat("x", 1000)))
			}
			return nil
		case name == "metadata":
			fields, _ := metadata.FromIncomingContext(stream.Context())
			reply = trickle(strings.Join(fields.Get("authorization"), ","))
		}
		if err := stream.SendMsg(&reply); err != nil {
			return err
		}
	}
}

// command is what a candidate says, if it says one.
func command(message []byte) (name string, number int) {
	if len(message) < 4 || len(message) > 64 || message[0] != 0x1a {
		return "", 0
	}
	name, argument, _ := strings.Cut(string(message[4:]), " ")
	number, _ = strconv.Atoi(argument)
	return name, number
}

// trickle is a Reply: { trickle: { init: text } } of a short text.
func trickle(text string) []byte {
	return append([]byte{0x1a, byte(len(text) + 2), 0x12, byte(len(text))}, text...)
}

func main() {
	flag.Parse()
	network, at := "tcp", *address
	if strings.HasPrefix(at, "unix:") {
		network, at = "unix", strings.TrimPrefix(at, "unix:")
	}
	listener, err := net.Listen(network, at)
	if err != nil {
		log.Fatal(err)
	}
	encoding.RegisterCodec(raw{})
	options := []grpc.ServerOption{
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: *minPing}),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: *maxAge, MaxConnectionAgeGrace: time.Hour}),
	}
	if *maxStreams > 0 {
		options = append(options, grpc.MaxConcurrentStreams(uint32(*maxStreams)))
	}
	if *window > 0 {
		options = append(options, grpc.InitialWindowSize(int32(*window)), grpc.InitialConnWindowSize(int32(*window)))
	}
	if *compress {
		//lint:ignore SA1019 the only way to compress what the client has not asked for
		options = append(options, grpc.RPCCompressor(grpc.NewGZIPCompressor()))
	}
	server := grpc.NewServer(options...)
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "rtc.RTC",
		HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{
			{StreamName: "Signal", Handler: signalStream, ServerStreams: true, ClientStreams: true},
		},
	}, nil)
	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	go func() {
		<-ended.Done()
		server.Stop()
	}()
	fmt.Println("listening on", listener.Addr())
	if err := server.Serve(listener); err != nil {
		log.Fatal(err)
	}
}
