// Command ion-sfu runs the SFU service of Ion v1.10.0 alone: Ion's own binary wants NATS, the service does not.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/pion/ion/pkg/node/sfu"
	"google.golang.org/grpc"
)

func main() {
	config := flag.String("config", "", "the SFU's TOML file")
	addr := flag.String("addr", "127.0.0.1:5551", "host:port of the gRPC service; port 0 takes a free one")
	flag.Parse()
	if err := serve(*config, *addr); err != nil {
		log.Fatal(err)
	}
}

func serve(config, addr string) error {
	conf := sfu.Config{}
	if err := conf.Load(config); err != nil {
		return fmt.Errorf("read %q: %w", config, err)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	sfu.NewSFUService(conf.Config).RegisterService(server)

	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-ended
		server.Stop()
	}()

	fmt.Println("listening on", listener.Addr())
	return server.Serve(listener)
}
