package main

import (
	"io"
	"net"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
)

// The numbers of the fields of rtc.Request and rtc.Reply (proto/rtc.proto) that are read or written here.
const (
	fieldJoin        = 1
	fieldDescription = 2
	fieldTrickle     = 3
	fieldError       = 7
)

// sfu is Ion as far as the relay can tell: it answers a join, makes an offer, and sends every candidate back. It works
// on the messages' bytes, so that the benchmark waits for the relay and not for it.
type sfu struct {
	address string
	// What follows upon a join, in its order.
	afterJoin [][]byte
	refusal   []byte
	// Answers of clients to its offers, and streams that are open.
	answers atomic.Int64
	streams atomic.Int64
}

func startSFU() (*sfu, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sfu{address: listener.Addr().String()}
	s.refusal = nested(fieldError, text(2, "no rtc transport exists for this peer"))
	server := grpc.NewServer(grpc.ForceServerCodec(bytesCodec{}))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "rtc.RTC",
		HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{
			StreamName: "Signal", ServerStreams: true, ClientStreams: true,
			Handler: func(_ any, stream grpc.ServerStream) error { return s.signal(stream) },
		}},
	}, s)
	go func() { _ = server.Serve(listener) }()
	return s, nil
}

func (s *sfu) speak(answer, offer string) {
	// As Ion's own: of no section, and of no user.
	candidate := `{"candidate":"candidate:2230659829 1 udp 2130706431 127.0.0.1 5000 typ host","sdpMid":"","sdpMLineIndex":0,"usernameFragment":null}`
	trickle := func(target uint64) []byte {
		return nested(fieldTrickle, concat(number(1, target), text(2, candidate)))
	}
	s.afterJoin = [][]byte{
		nested(fieldJoin, concat(number(1, 1), nested(3, concat(text(2, "answer"), text(3, answer))))),
		trickle(0),
		trickle(1),
		nested(fieldDescription, concat(number(1, 1), text(2, "offer"), text(3, offer))),
	}
}

func (s *sfu) signal(stream grpc.ServerStream) error {
	s.streams.Add(1)
	defer s.streams.Add(-1)
	joined := false
	var request []byte
	for {
		if err := stream.RecvMsg(&request); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		field, _, _ := protowire.ConsumeTag(request)
		var replies [][]byte
		switch {
		case field == fieldJoin:
			joined = true
			replies = s.afterJoin
		case field == fieldTrickle && joined:
			// A candidate is the same bytes in both directions.
			replies = [][]byte{request}
		case field == fieldTrickle:
			replies = [][]byte{s.refusal}
		case field == fieldDescription:
			s.answers.Add(1)
		}
		for _, reply := range replies {
			if err := stream.SendMsg(&reply); err != nil {
				return err
			}
		}
	}
}

// bytesCodec leaves messages as the bytes that they are.
type bytesCodec struct{}

func (bytesCodec) Name() string                       { return "proto" }
func (bytesCodec) Marshal(value any) ([]byte, error)  { return *value.(*[]byte), nil }
func (bytesCodec) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }

func number(field protowire.Number, value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, field, protowire.VarintType), value)
}

func nested(field protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), value)
}

func text(field protowire.Number, value string) []byte { return nested(field, []byte(value)) }

func concat(parts ...[]byte) []byte {
	var whole []byte
	for _, part := range parts {
		whole = append(whole, part...)
	}
	return whole
}
