package main

import (
	"fmt"
	"log"
	"runtime/debug"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// streams has the open Signal streams, and stands between gRPC and Ion's handler of each.
type streams struct {
	seats       *seats
	sendTimeout time.Duration

	mutex    sync.Mutex
	open     int
	refusing bool
	ended    chan struct{}
}

func newStreams(rooms *rooms, sendTimeout time.Duration) *streams {
	return &streams{seats: newSeats(rooms), sendTimeout: sendTimeout, ended: make(chan struct{})}
}

func (s *streams) count() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.open
}

// refuse makes every new stream fail.
func (s *streams) refuse() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.refusing = true
	if s.open == 0 {
		close(s.ended)
	}
}

// idle is closed when new streams are refused and all others have ended.
func (s *streams) idle() <-chan struct{} {
	return s.ended
}

func (s *streams) enter() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.refusing {
		refusedStreams.Inc()
		return status.Error(codes.Unavailable, "the SFU is stopping")
	}
	s.open++
	openedStreams.Inc()
	return nil
}

func (s *streams) leave() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.open--
	if s.refusing && s.open == 0 {
		close(s.ended)
	}
}

// intercept runs Ion's handler so that its end, whatever it is, ends one stream and leaves no peer behind.
func (s *streams) intercept(service interface{}, raw grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if info.FullMethod != "/"+signalling+"/Signal" {
		return recovered(service, raw, handle)
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	guarded := newStream(raw, s.seats, s.sendTimeout)
	err := recovered(service, guarded, handle)
	s.seats.vacate(&guarded.visit)
	guarded.drain()
	return err
}

// recovered turns a panic of the handler into the status INTERNAL.
func recovered(service interface{}, stream grpc.ServerStream, handle grpc.StreamHandler) (err error) {
	defer func() {
		if failed := recover(); failed != nil {
			recoveredPanics.Inc()
			log.Printf("recovered: a stream's handler panicked: %v\n%s", failed, debug.Stack())
			err = status.Error(codes.Internal, fmt.Sprintf("the SFU's handler of this stream panicked: %v", failed))
		}
	}()
	return handle(service, stream)
}
