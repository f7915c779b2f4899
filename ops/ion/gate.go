package main

import (
	"sync"
	"time"
)

// gateTimeout bounds the wait for a join or a leave that hangs.
const gateTimeout = 5 * time.Second

// gates let one join or leave at a time into each room: Ion splits a room in two when two join it first at once, or when
// its last peer leaves while another one joins.
type gates struct {
	mutex sync.Mutex
	rooms map[string]*gate
}

type gate struct {
	// turn has a place for the one who is in.
	turn  chan struct{}
	users int
}

func newGates() *gates {
	return &gates{rooms: map[string]*gate{}}
}

// enter waits for its turn, and gives what ends it.
func (g *gates) enter(room string) (leave func()) {
	g.mutex.Lock()
	entered, found := g.rooms[room]
	if !found {
		entered = &gate{turn: make(chan struct{}, 1)}
		g.rooms[room] = entered
	}
	entered.users++
	g.mutex.Unlock()

	timer := time.NewTimer(gateTimeout)
	defer timer.Stop()
	has := false
	select {
	case entered.turn <- struct{}{}:
		has = true
	case <-timer.C:
	}
	return func() {
		if has {
			<-entered.turn
		}
		g.mutex.Lock()
		defer g.mutex.Unlock()
		entered.users--
		if entered.users == 0 {
			delete(g.rooms, room)
		}
	}
}
