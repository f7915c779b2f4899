package main

import (
	"log"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// maxQueued messages may wait for one client.
const maxQueued = 4096

// stream is what Ion's handler sees of a gRPC stream. Ion sends on it from several goroutines at once, which gRPC forbids,
// and under a lock of all streams, which a client that reads nothing would hold: here messages queue up for one sender.
type stream struct {
	grpc.ServerStream
	seats   *seats
	visit   visit
	timeout time.Duration

	// sent is closed when the sender has ended.
	sent chan struct{}
	// stalled is closed when the client takes no messages.
	stalled chan struct{}
	stall   sync.Once

	mutex sync.Mutex
	// changed tells the sender of a message in the queue, or of the end.
	changed *sync.Cond
	// queue grows with what waits: a stream without waiting messages takes no memory for it.
	queue  []interface{}
	closed bool
}

func newStream(raw grpc.ServerStream, seats *seats, timeout time.Duration) *stream {
	s := &stream{
		ServerStream: raw,
		seats:        seats,
		timeout:      timeout,
		sent:         make(chan struct{}),
		stalled:      make(chan struct{}),
	}
	s.changed = sync.NewCond(&s.mutex)
	go s.send()
	return s
}

// RecvMsg waits for the client's next message, or ends the stream of one that takes none.
func (s *stream) RecvMsg(message interface{}) error {
	s.seats.settled(&s.visit)
	received := make(chan error, 1)
	go func() { received <- s.ServerStream.RecvMsg(message) }()
	select {
	case err := <-received:
		if err == nil {
			s.seats.joins(&s.visit, message)
		} else {
			s.seats.leaves(&s.visit)
		}
		return err
	case <-s.stalled:
		log.Printf("stalled: the client takes no messages, its stream ends: %s", s.visit.seat)
		s.seats.leaves(&s.visit)
		return errStalled()
	}
}

// SendMsg never waits for the client.
func (s *stream) SendMsg(message interface{}) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closed {
		return status.Error(codes.Unavailable, "the stream has ended")
	}
	select {
	case <-s.stalled:
		return errStalled()
	default:
	}
	if len(s.queue) == maxQueued {
		s.markStalled()
		return errStalled()
	}
	s.queue = append(s.queue, message)
	s.changed.Signal()
	return nil
}

// waiting returns the messages in the queue and empties it; none once the stream is closed.
func (s *stream) waiting() []interface{} {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for len(s.queue) == 0 && !s.closed {
		s.changed.Wait()
	}
	messages := s.queue
	s.queue = nil
	return messages
}

// send hands the messages over to gRPC one after the other. What follows an error is dropped: the client has gone.
func (s *stream) send() {
	defer close(s.sent)
	var failed error
	for messages := s.waiting(); len(messages) > 0; messages = s.waiting() {
		for _, message := range messages {
			if failed != nil {
				break
			}
			timer := time.AfterFunc(s.timeout, s.markStalled)
			failed = s.ServerStream.SendMsg(message)
			timer.Stop()
		}
	}
}

// drain waits until the client has what Ion has sent, and lets nothing more in.
func (s *stream) drain() {
	s.mutex.Lock()
	s.closed = true
	s.changed.Signal()
	s.mutex.Unlock()
	select {
	case <-s.sent:
	case <-s.stalled:
	case <-s.Context().Done():
	}
}

func (s *stream) markStalled() {
	s.stall.Do(func() {
		stalledStreams.Inc()
		close(s.stalled)
	})
}

func errStalled() error {
	return status.Error(codes.ResourceExhausted, "the client takes no messages")
}
