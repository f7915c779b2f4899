package main

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// session is one client. What it hears of candidates and messages it passes to the crowd, by their serial numbers.
type session struct {
	*socket
	crowd *crowd
	// By which its user and its room are known.
	number int
	// Its id at the relay, and the token that proves it; none at relays that only forward.
	id, token string
	picture   picture
	counts    counts
	// It waits for the result of `resume`.
	resuming bool
	// Closed when nothing more will be read.
	done chan struct{}
	// What ended it, where it was not meant to.
	err error
	// Its own end was asked for.
	leaving bool
	ready   chan error
	// What a join still has to bring: its result, the SFU's candidates, and its offer.
	wanted int
}

// The digits of a serial number, by which a message is known again.
const serialDigits = 10

var (
	candidateMark = []byte(`"candidate:`)
	messageMark   = []byte(`"serial:`)
	resultMark    = []byte(`"result":`)
	offerMark     = []byte(`"method":"offer"`)
	trickleMark   = []byte(`"method":"trickle"`)
	errorMark     = []byte(`"error":`)
	// Of an error that a close frame follows.
	closeMark = []byte(`"closeCode":`)
)

// What a client says when it closes its connection, as browsers do.
var goodbye = control(opClose)

func trickleText(serial int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":"trickle","params":{"target":0,"candidate":{"candidate":"candidate:%0*d`+
		` 1 udp 2122260223 192.168.0.17 46243 typ host generation 0 ufrag EsAw network-id 1",`+
		`"sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"EsAw"}}}`, serialDigits, serial)
}

func messageText(serial int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":"message","params":{"kind":"chat","data":{"text":"serial:%0*d`+
		` It is the east, and Juliet is the sun."}}}`, serialDigits, serial)
}

// One socket, upgraded, authenticated and joined, when it returns without an error.
func (c *crowd) connect(number int) (*session, error) { return c.connectAgain(number, nil) }

// The same, in place of a session whose connection was cut.
func (c *crowd) connectAgain(number int, last *session) (*session, error) {
	ws, err := dial(c.url, fmt.Sprintf("token-%d", number))
	if err != nil {
		return nil, err
	}
	s := &session{socket: ws, crowd: c, number: number, done: make(chan struct{}), ready: make(chan error, 1), wanted: 4}
	go s.listen()
	if err := s.write(frame(c.joinText(number, last))); err != nil {
		return nil, err
	}
	if err := s.await("a join"); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *session) await(what string) (err error) {
	select {
	case err = <-s.ready:
	case <-time.After(patience):
		err = fmt.Errorf("%s was not answered within %s", what, patience)
	}
	if err != nil {
		s.conn.Close()
	}
	return err
}

func (c *crowd) joinText(number int, last *session) string {
	extra := ""
	if c.role != "" {
		extra = fmt.Sprintf(`,"role":%s`, quote(c.role))
	}
	if c.resumes {
		extra += `,"capabilities":["resume"]`
	}
	if last != nil && last.token != "" {
		extra += fmt.Sprintf(`,"replaces":{"sessionId":%s,"sessionToken":%s}`, quote(last.id), quote(last.token))
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"join","params":{"sid":"room-%d","uid":"user-%d","offer":{"type":"offer","sdp":%s}%s}}`,
		number/c.roomSize, number, quote(c.offer), extra)
}

func (s *session) listen() {
	defer close(s.done)
	for {
		text, err := s.read()
		if err == nil {
			s.crowd.traffic.count(text, s.wanted == 0)
			if s.crowd.resumes {
				err = s.count(text)
			}
			if err == nil {
				err = s.hear(text)
			}
		}
		if err != nil {
			s.err = err
			select {
			case s.ready <- err:
			default:
			}
			s.conn.Close()
			return
		}
	}
}

func (s *session) hear(text []byte) error {
	if isOfParticipants(text) {
		return s.crowd.changes.apply(text, &s.picture)
	}
	if s.wanted > 0 {
		return s.hearWhileJoining(text)
	}
	if serial, ok := serialAfter(text, candidateMark); ok {
		s.crowd.arrived(serial)
	} else if serial, ok := serialAfter(text, messageMark); ok {
		s.crowd.arrived(serial)
	} else if bytes.Contains(text, errorMark) && !bytes.Contains(text, closeMark) {
		return fmt.Errorf("the relay says %.200s", text)
	}
	return nil
}

func (s *session) hearWhileJoining(text []byte) error {
	switch {
	case bytes.Contains(text, errorMark):
		return fmt.Errorf("the relay says %.200s", text)
	case bytes.Contains(text, offerMark):
		if err := s.write(s.crowd.answerFrame); err != nil {
			return err
		}
	case bytes.Contains(text, resultMark):
		if err := s.entered(text); err != nil {
			return err
		}
	case !bytes.Contains(text, trickleMark):
		// Others publish in the room.
		return nil
	}
	s.wanted--
	if s.wanted == 0 {
		s.ready <- nil
	}
	return nil
}

func (s *session) entered(text []byte) error {
	if s.resuming {
		return s.resumed(text)
	}
	if err := s.joined(text); err != nil || !s.crowd.resumes {
		return err
	}
	return s.acknowledge()
}

// Leaves, and closes the socket, as a browser does.
func (s *session) close() error {
	s.leaving = true
	farewell := goodbye
	if s.crowd.resumes {
		farewell = normalClosure
	}
	if err := s.write(farewell); err != nil {
		return err
	}
	return s.closed()
}

func (s *session) closed() error {
	select {
	case <-s.done:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("a socket was not closed within %s", patience)
	}
}

func serialAfter(text, mark []byte) (int, bool) {
	at := bytes.Index(text, mark)
	if at < 0 || len(text) < at+len(mark)+serialDigits {
		return 0, false
	}
	serial, err := strconv.Atoi(string(text[at+len(mark) : at+len(mark)+serialDigits]))
	return serial, err == nil
}
