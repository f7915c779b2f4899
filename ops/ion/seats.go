package main

import (
	"crypto/rand"
	"encoding/hex"
	"log"
	"time"

	ionsfu "github.com/pion/ion-sfu/pkg/sfu"
	"github.com/pion/ion/proto/rtc"
)

// closeTimeout bounds the wait for a peer whose handler may have died with its lock.
const closeTimeout = 5 * time.Second

// seat is what Ion's room has one peer of.
type seat struct{ room, uid string }

func (s seat) String() string {
	return "room " + s.room + ", uid " + s.uid
}

// visit is what one stream has in a room. Only the stream's handler uses it.
type visit struct {
	seat seat
	// joined is true as soon as Ion has the join.
	joined bool
	// before is who had the seat then, or nil.
	before ionsfu.Peer
	// peer is nil until the join has been carried out, ...
	peer ionsfu.Peer
	// ... after which found is true.
	found bool
	// leaveGate is nil outside the room's gate.
	leaveGate func()
}

// seats knows which peer belongs to a stream: Ion leaves it in its room where the stream ends by an error or a panic.
type seats struct {
	rooms *rooms
	gates *gates
}

func newSeats(rooms *rooms) *seats {
	return &seats{rooms: rooms, gates: newGates()}
}

// joins is called before Ion has the stream's message. Of several joins Ion carries out the first.
func (s *seats) joins(v *visit, message interface{}) {
	request, ok := message.(*rtc.Request)
	if !ok || request.GetJoin() == nil || v.joined {
		return
	}
	join := request.GetJoin()
	if join.Uid == "" {
		join.Uid = randomUID()
	}
	v.joined = true
	v.seat = seat{room: join.Sid, uid: join.Uid}
	v.leaveGate = s.gates.enter(v.seat.room)
	v.before = s.rooms.peer(v.seat)
}

// settled is called when Ion has carried out the last message, or has failed to.
func (s *seats) settled(v *visit) {
	if v.leaveGate == nil {
		return
	}
	s.find(v)
	v.leaveGate()
	v.leaveGate = nil
}

// find is right only between the join's turn at the gate and its end: nobody else has taken the seat meanwhile.
func (s *seats) find(v *visit) {
	if !v.joined || v.found {
		return
	}
	v.found = true
	if peer := s.rooms.peer(v.seat); peer != v.before {
		v.peer = peer
	}
	v.before = nil
}

// leaves is called before Ion learns that the stream has ended.
func (s *seats) leaves(v *visit) {
	if v.joined && v.leaveGate == nil {
		v.leaveGate = s.gates.enter(v.seat.room)
	}
}

// vacate closes the stream's peer if Ion has not.
func (s *seats) vacate(v *visit) {
	s.leaves(v)
	s.find(v)
	if v.peer != nil {
		if s.rooms.peer(v.seat) == v.peer {
			closedPeers.Inc()
			log.Printf("abandoned: Ion has left a peer in its room, it is closed: %s", v.seat)
		}
		closePeer(v.peer, v.seat)
	}
	if v.leaveGate != nil {
		v.leaveGate()
		v.leaveGate = nil
	}
}

// closePeer does nothing if the peer is closed.
func closePeer(peer ionsfu.Peer, place seat) {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		defer func() {
			if failed := recover(); failed != nil {
				log.Printf("the peer can't be closed: %s: %v", place, failed)
			}
		}()
		if err := peer.Close(); err != nil {
			log.Printf("the peer was closed with an error: %s: %v", place, err)
		}
	}()
	select {
	case <-closed:
	case <-time.After(closeTimeout):
		log.Printf("the peer does not close: %s", place)
	}
}

// randomUID is for those who leave the choice to Ion, which would not tell it.
func randomUID() string {
	bytes := make([]byte, 12)
	if _, err := rand.Read(bytes); err != nil {
		panic(err)
	}
	return hex.EncodeToString(bytes)
}
