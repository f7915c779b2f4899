package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// How long to wait for what should come at once, on a machine that has other work.
const patience = 30 * time.Second

// crowd is all the clients of one relay.
type crowd struct {
	sfu         *sfu
	pid         int
	url         *url.URL
	offer       string
	role        string
	answerFrame []byte
	roomSize    int
	sessions    []*session
	// Sessions that were ever made, by which each has a name of its own.
	serial atomic.Int64
	run    atomic.Pointer[run]
	// Whether the clients have the capability.
	resumes bool
	// What all of them have received.
	traffic traffic
	changes changes
	// Tells the harness something before the outcome.
	say func(any)
	// Of those who come by `arrive`.
	tally *tally
}

func newCrowd(sfu *sfu, say func(any)) *crowd { return &crowd{sfu: sfu, roomSize: 1, say: say} }

// A new relay to load; the clients of the last one are gone with it.
func (c *crowd) aim(command Command) Outcome {
	target, err := url.Parse(command.URL)
	if err != nil {
		return Outcome{Error: err.Error()}
	}
	for _, s := range c.sessions {
		s.conn.Close()
	}
	c.sessions, c.url, c.pid, c.resumes = nil, target, command.PID, command.Resumes
	c.changes.forget()
	c.answerFrame = frame(fmt.Sprintf(`{"jsonrpc":"2.0","method":"answer","params":{"desc":{"type":"answer","sdp":%s}}}`,
		quote(command.Answer)))
	c.sfu.speak(command.SfuAnswer, command.SfuOffer)
	return Outcome{}
}

// Joins as many sessions more, so many at a time.
func (c *crowd) join(command Command) Outcome {
	c.fillRooms(command)
	answered := c.sfu.answers.Load() + int64(command.Count)
	joined := make([]*session, command.Count)
	outcome := c.each(command, func(n int) error {
		s, err := c.connect(c.nextNumber())
		joined[n] = s
		return err
	})
	for _, s := range joined {
		if s != nil {
			c.sessions = append(c.sessions, s)
		}
	}
	c.expectAnswers(&outcome, answered)
	if command.Pictures {
		c.expectPictures(&outcome)
	}
	return outcome
}

func (c *crowd) expectAnswers(outcome *Outcome, count int64) {
	if !eventually(func() bool { return c.sfu.answers.Load() >= count }) {
		outcome.fail(int(count-c.sfu.answers.Load()), fmt.Errorf("answers did not reach the SFU"))
	}
}

// Those who come now begin with a room that nobody is in, however many have come before.
func (c *crowd) fillRooms(command Command) {
	c.roomSize = max(1, command.RoomSize)
	c.offer, c.role = command.Offer, command.Role
	size := int64(c.roomSize)
	c.serial.Store((c.serial.Load() + size - 1) / size * size)
}

func (c *crowd) nextNumber() int { return int(c.serial.Add(1)) - 1 }

// Ends all sessions; nothing of them is left on the SFU then.
func (c *crowd) leave(command Command) Outcome {
	sessions := c.sessions
	c.sessions = nil
	command.Count = len(sessions)
	outcome := c.each(command, func(n int) error { return sessions[n].close() })
	if !eventually(func() bool { return c.sfu.streams.Load() == 0 }) {
		outcome.fail(int(c.sfu.streams.Load()), fmt.Errorf("streams are left on the SFU"))
	}
	return outcome
}

// Sessions that join and leave, one after the other in each of the window's places.
func (c *crowd) churn(command Command) Outcome {
	c.fillRooms(command)
	before := c.sfu.streams.Load()
	outcome := c.each(command, func(int) error {
		s, err := c.connect(c.nextNumber())
		if err != nil {
			return err
		}
		return s.close()
	})
	if !eventually(func() bool { return c.sfu.streams.Load() <= before }) {
		outcome.fail(int(c.sfu.streams.Load()-before), fmt.Errorf("streams are left on the SFU"))
	}
	return outcome
}

// Does something `command.Count` times, `command.Window` at a time, and times each.
func (c *crowd) each(command Command, act func(n int) error) Outcome {
	outcome := Outcome{Count: command.Count}
	took := make([]time.Duration, command.Count)
	var next atomic.Int64
	var guard sync.Mutex
	var workers sync.WaitGroup
	for worker := 0; worker < max(1, command.Window); worker++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for n := int(next.Add(1)) - 1; n < command.Count; n = int(next.Add(1)) - 1 {
				start := time.Now()
				err := act(n)
				took[n] = time.Since(start)
				if err != nil {
					guard.Lock()
					outcome.fail(1, err)
					guard.Unlock()
				}
			}
		}()
	}
	workers.Wait()
	outcome.times(took)
	return outcome
}

func (o *Outcome) fail(lost int, err error) {
	o.Lost += lost
	if o.Error == "" {
		o.Error = err.Error()
	}
}

func (o *Outcome) times(took []time.Duration) {
	if len(took) == 0 {
		return
	}
	sort.Slice(took, func(one, other int) bool { return took[one] < took[other] })
	at := func(share float64) float64 {
		return float64(took[int(share*float64(len(took)-1))].Nanoseconds()) / 1e6
	}
	o.P50, o.P99, o.Max = at(0.5), at(0.99), at(1)
}

func eventually(isSo func() bool) bool {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if isSo() {
			return true
		}
	}
	return isSo()
}

func quote(text string) string {
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

func max(one, other int) int {
	if one > other {
		return one
	}
	return other
}
