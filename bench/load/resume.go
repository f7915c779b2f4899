package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

const framesPerAck = 32

var ackMark = []byte(`{"jsonrpc":"2.0","method":"ack"`)

// What ends a session that could be resumed: the close code 1000.
var normalClosure = append([]byte{opClose, 0x82, 0, 0, 0, 0}, 0x03, 0xe8)

// counts is what a client that can resume knows of its frames (docs/PROTOCOL.md, "Resumption").
type counts struct {
	// Counted frames of the relay, and those that it knows of.
	received, acknowledged int64
}

// Counts a frame of the relay, and acknowledges it in time.
func (s *session) count(text []byte) error {
	if bytes.HasPrefix(text, ackMark) {
		return nil
	}
	s.counts.received++
	if s.wanted == 0 && s.counts.received-s.counts.acknowledged >= framesPerAck {
		return s.acknowledge()
	}
	return nil
}

func (s *session) acknowledge() error {
	s.counts.acknowledged = s.counts.received
	return s.write(frame(fmt.Sprintf(`{"jsonrpc":"2.0","method":"ack","params":{"received":%d}}`, s.counts.received)))
}

// Continues a session whose connection was cut on another one.
func (c *crowd) resume(s *session) error {
	<-s.done
	ws, err := dial(c.url, fmt.Sprintf("token-%d", s.number))
	if err != nil {
		return err
	}
	s.socket, s.done, s.ready, s.wanted, s.resuming, s.leaving = ws, make(chan struct{}), make(chan error, 1), 1, true, false
	go s.listen()
	err = s.write(frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"resume","params":{"sessionId":%s,"sessionToken":%s,"received":%d}}`,
		quote(s.id), quote(s.token), s.counts.received)))
	if err != nil {
		return err
	}
	return s.await("a resumption")
}

func (s *session) resumed(text []byte) error {
	var message struct {
		Result struct {
			SessionToken string          `json:"sessionToken"`
			Sent         int64           `json:"sent"`
			Snapshot     json.RawMessage `json:"snapshot"`
		} `json:"result"`
	}
	if err := json.Unmarshal(text, &message); err != nil {
		return fmt.Errorf("the result of resume: %w", err)
	}
	if message.Result.SessionToken == "" {
		return fmt.Errorf("the result of resume has no token: %.200s", text)
	}
	if message.Result.Snapshot != nil {
		return fmt.Errorf("a snapshot, though little was missed")
	}
	// The frame of the result itself is not counted.
	s.token, s.resuming, s.counts.received = message.Result.SessionToken, false, message.Result.Sent
	return nil
}
