package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/pion/ion/pkg/node/sfu"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
)

// server is the gRPC service, and /metrics and /healthz beside it.
type server struct {
	grpc    *grpc.Server
	health  *healthState
	streams *streams
	main    net.Listener
	// metrics is nil if nobody wants them.
	metrics net.Listener
}

func newServer(conf *config) (*server, error) {
	s := &server{health: newHealth()}
	var err error
	if s.main, err = net.Listen("tcp", conf.addr); err != nil {
		return nil, err
	}
	if conf.metricsAddr != "" {
		if s.metrics, err = net.Listen("tcp", conf.metricsAddr); err != nil {
			return nil, err
		}
	}
	service, err := newService(conf.ion)
	if err != nil {
		return nil, err
	}
	rooms, err := roomsOf(service)
	if err != nil {
		return nil, err
	}
	layers, err := layersOf(rooms)
	if err != nil {
		return nil, err
	}
	go layers.keep()
	s.streams = newStreams(rooms, conf.sendTimeout)
	observe(s.streams, rooms)

	s.grpc = grpc.NewServer(options(conf, s.streams)...)
	service.RegisterService(s.grpc)
	grpc_health_v1.RegisterHealthServer(s.grpc, s.health.service)
	return s, nil
}

// newService gives an error where Ion panics: if its media port is taken.
func newService(conf sfu.Config) (service *sfu.SFUService, err error) {
	defer func() {
		if failed := recover(); failed != nil {
			err = fmt.Errorf("start Ion: %v", failed)
		}
	}()
	return sfu.NewSFUService(conf.Config), nil
}

func options(conf *config, streams *streams) []grpc.ServerOption {
	options := []grpc.ServerOption{
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: conf.keepaliveTime, Timeout: conf.keepaliveTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime:             conf.minPingInterval,
			PermitWithoutStream: true,
		}),
		grpc.MaxRecvMsgSize(conf.maxMessageBytes),
		grpc.StreamInterceptor(streams.intercept),
	}
	if conf.tls != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(conf.tls)))
	}
	return options
}

// start serves, and says on stdout where.
func (s *server) start(failed chan<- error) {
	fmt.Fprintln(os.Stdout, "listening on", s.main.Addr())
	go func() {
		if err := s.grpc.Serve(s.main); err != nil {
			failed <- err
		}
	}()
	if s.metrics == nil {
		return
	}
	fmt.Fprintln(os.Stdout, "metrics on", s.metrics.Addr())
	go func() {
		web := &http.Server{Handler: handler(s.health), ReadHeaderTimeout: 5 * time.Second}
		failed <- web.Serve(s.metrics)
	}()
}

// stop ends the server: at once on another signal, else when its streams have ended or the time is over.
func (s *server) stop(timeout time.Duration, again <-chan os.Signal) {
	s.health.stop()
	s.streams.refuse()
	select {
	case <-s.streams.idle():
	case <-time.After(timeout):
		log.Printf("%d streams have not ended", s.streams.count())
	case received := <-again:
		log.Printf("%s: %d streams are cut off", received, s.streams.count())
	}
	s.finish()
}

// finish gives the last replies a moment to get out.
func (s *server) finish() {
	if s.streams.count() > 0 {
		s.grpc.Stop()
		return
	}
	sent := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(sent)
	}()
	select {
	case <-sent:
	case <-time.After(time.Second):
		s.grpc.Stop()
	}
}
