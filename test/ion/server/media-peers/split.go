package main

import (
	"net"
	"time"

	"github.com/pion/transport/packetio"
)

// half has the packets of one protocol that came over a connection.
type half struct {
	net.Conn
	packets *packetio.Buffer
}

func (h half) Read(b []byte) (int, error) { return h.packets.Read(b) }

func (h half) Close() error { return h.packets.Close() }

func (h half) SetDeadline(t time.Time) error { return h.packets.SetReadDeadline(t) }

func (h half) SetReadDeadline(t time.Time) error { return h.packets.SetReadDeadline(t) }

func (h half) SetWriteDeadline(time.Time) error { return nil }

// split tells DTLS from SRTP (RFC 7983). RTCP is left out: nobody reads it.
func split(conn net.Conn) (handshake, media net.Conn) {
	h, m := half{conn, packetio.NewBuffer()}, half{conn, packetio.NewBuffer()}
	go func() {
		buffer := make([]byte, 2048)
		for {
			n, err := conn.Read(buffer)
			if err != nil {
				_ = h.Close()
				_ = m.Close()
				return
			}
			if n > 0 && buffer[0] >= 20 && buffer[0] <= 63 {
				_, _ = h.packets.Write(buffer[:n])
			}
		}
	}()
	return h, m
}
