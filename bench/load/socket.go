package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

const (
	opText  = 0x81
	opClose = 0x88
	opPing  = 0x89
	opPong  = 0x8a
)

// socket is the client's end of a WebSocket (RFC 6455) with the least work a message.
type socket struct {
	conn   net.Conn
	reader *bufio.Reader
	buffer []byte
}

// A longer message has a buffer for itself: ten thousand sockets are not to keep the longest that each has seen.
const keptBuffer = 8 << 10

// closeError is the end of a connection that the relay has closed.
type closeError struct {
	code   int
	reason string
}

func (e closeError) Error() string {
	return fmt.Sprintf("the relay has closed the connection: %d %s", e.code, e.reason)
}

func dial(target *url.URL, token string) (*socket, error) {
	conn, err := net.DialTimeout("tcp", target.Host, patience)
	if err != nil {
		return nil, err
	}
	s := &socket{conn: conn, reader: bufio.NewReaderSize(conn, 2048)}
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Protocol: sfu-relay.v1\r\nAuthorization: Bearer %s\r\n\r\n", target.Path, target.Host, token)
	if err == nil {
		err = s.upgrade()
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

func (s *socket) upgrade() error {
	response, err := http.ReadResponse(s.reader, nil)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("the upgrade was answered with %s", response.Status)
	}
	return nil
}

// A whole text frame; its mask is zero, which leaves the text as it is.
func frame(text string) []byte {
	var header []byte
	switch {
	case len(text) < 126:
		header = []byte{opText, 0x80 | byte(len(text))}
	case len(text) < 1<<16:
		header = []byte{opText, 0x80 | 126, 0, 0}
		binary.BigEndian.PutUint16(header[2:], uint16(len(text)))
	default:
		header = []byte{opText, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 0}
		binary.BigEndian.PutUint64(header[2:], uint64(len(text)))
	}
	return append(append(header, 0, 0, 0, 0), text...)
}

// A control frame without a payload.
func control(op byte) []byte { return []byte{op, 0x80, 0, 0, 0, 0} }

func (s *socket) write(frame []byte) error {
	_, err := s.conn.Write(frame)
	return err
}

// The next text message, which holds until the next call. Pings are answered.
func (s *socket) read() ([]byte, error) {
	for {
		var header [8]byte
		if _, err := io.ReadFull(s.reader, header[:2]); err != nil {
			return nil, err
		}
		op, length := header[0], uint64(header[1])
		switch length {
		case 126:
			if _, err := io.ReadFull(s.reader, header[:2]); err != nil {
				return nil, err
			}
			length = uint64(binary.BigEndian.Uint16(header[:]))
		case 127:
			if _, err := io.ReadFull(s.reader, header[:8]); err != nil {
				return nil, err
			}
			length = binary.BigEndian.Uint64(header[:])
		}
		payload := s.room(length)
		if _, err := io.ReadFull(s.reader, payload); err != nil {
			return nil, err
		}
		switch op {
		case opText:
			return payload, nil
		case opPing:
			if err := s.write(control(opPong)); err != nil {
				return nil, err
			}
		case opClose:
			_ = s.write(control(opClose))
			code := 1005
			if length >= 2 {
				code = int(binary.BigEndian.Uint16(payload))
				payload = payload[2:]
			}
			return nil, closeError{code, string(payload)}
		}
	}
}

func (s *socket) room(length uint64) []byte {
	if length > keptBuffer {
		return make([]byte, length)
	}
	if uint64(cap(s.buffer)) < length {
		s.buffer = make([]byte, length)
	}
	return s.buffer[:length]
}
