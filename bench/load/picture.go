package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// picture is what a client knows of the others in its room, as far as they can be counted.
type picture struct {
	// The session itself, and the others that are listed, by hashes of their ids.
	own    uint64
	listed map[uint64]struct{}
	// Of relays that tell of each coming and going by itself: how many have come since the join and are still there.
	come int
	// Viewers who are counted, but not listed.
	counted int
	// Up to which the events are known, or covered by the result of the join.
	revision int64
	seen     atomic.Int64
	audience atomic.Int64
}

// participantsEvent is the notification of `participants`: of one change (state), or of all changes in a range of revisions.
type participantsEvent struct {
	Revision    int64         `json:"revision"`
	State       string        `json:"state"`
	Participant participant   `json:"participant"`
	Joined      []participant `json:"joined"`
	Updated     []participant `json:"updated"`
	Listed      []participant `json:"listed"`
	Left        []string      `json:"left"`
	Unlisted    []string      `json:"unlisted"`
	Audience    *audience     `json:"audience"`
}

type participant struct {
	SessionID string `json:"sessionId"`
}

type audience struct {
	Count int `json:"count"`
}

// change is an event, ready to be applied to many pictures.
type change struct {
	revision  int64
	isSingle  bool
	come      int
	added     []uint64
	removed   []uint64
	hasCount  bool
	audienceN int
}

var (
	participantsMark = []byte(`"method":"participants"`)
	hashSeed         = maphash.MakeSeed()
)

// Where the method of a notification ends, whatever comes before it.
const headLength = 64

func isOfParticipants(text []byte) bool {
	head := text
	if len(head) > headLength {
		head = head[:headLength]
	}
	return bytes.Contains(head, participantsMark)
}

// changes are the events that were read: all clients of a room are told the same, and one of them reads it for all.
type changes struct{ read sync.Map }

func (c *changes) forget() {
	c.read.Range(func(key, _ any) bool { c.read.Delete(key); return true })
}

func (c *changes) apply(text []byte, to *picture) error {
	key := maphash.Bytes(hashSeed, text)
	known, ok := c.read.Load(key)
	if !ok {
		parsed, err := parseChange(text)
		if err != nil {
			return err
		}
		known = parsed
		c.read.Store(key, parsed)
	}
	to.apply(known.(*change))
	return nil
}

func parseChange(text []byte) (*change, error) {
	var message struct {
		Params participantsEvent `json:"params"`
	}
	if err := json.Unmarshal(text, &message); err != nil {
		return nil, fmt.Errorf("participants: %w", err)
	}
	event := message.Params
	parsed := &change{revision: event.Revision, isSingle: event.State != ""}
	switch event.State {
	case "joined":
		parsed.come = 1
	case "left":
		parsed.come = -1
	}
	for _, list := range [][]participant{event.Joined, event.Updated, event.Listed} {
		for _, each := range list {
			parsed.added = append(parsed.added, idHash(each.SessionID))
		}
	}
	for _, list := range [][]string{event.Left, event.Unlisted} {
		for _, id := range list {
			parsed.removed = append(parsed.removed, idHash(id))
		}
	}
	if event.Audience != nil {
		parsed.hasCount, parsed.audienceN = true, event.Audience.Count
	}
	return parsed, nil
}

func (p *picture) apply(what *change) {
	// An event of a range may tell what the result of the join had no room for.
	if what.revision < p.revision || what.isSingle && what.revision == p.revision {
		return
	}
	p.revision = what.revision
	p.come += what.come
	for _, id := range what.added {
		if id != p.own {
			p.list(id)
		}
	}
	for _, id := range what.removed {
		delete(p.listed, id)
	}
	if what.hasCount {
		p.counted = what.audienceN
	}
	p.publish()
}

func (p *picture) list(id uint64) {
	if p.listed == nil {
		p.listed = map[uint64]struct{}{}
	}
	p.listed[id] = struct{}{}
}

func (p *picture) publish() {
	p.audience.Store(int64(p.counted))
	p.seen.Store(int64(len(p.listed) + p.come + p.counted))
}

// The result of a join: a client's first picture of its room.
func (s *session) joined(text []byte) error {
	var message struct {
		Result struct {
			SessionID    string        `json:"sessionId"`
			SessionToken string        `json:"sessionToken"`
			Participants []participant `json:"participants"`
			Audience     audience      `json:"audience"`
			Revision     int64         `json:"revision"`
		} `json:"result"`
	}
	if err := json.Unmarshal(text, &message); err != nil {
		return fmt.Errorf("the result of join: %w", err)
	}
	result := message.Result
	s.id, s.token = result.SessionID, result.SessionToken
	p := &s.picture
	p.own, p.revision, p.counted = idHash(result.SessionID), result.Revision, result.Audience.Count
	p.listed, p.come = nil, 0
	p.snapshot(result.Participants)
	p.publish()
	return nil
}

// A room that lists everybody is counted only: ten thousand lists of ten thousand are too many to keep.
const mostListed = 500

func (p *picture) snapshot(listed []participant) {
	if len(listed) > mostListed {
		p.come = len(listed)
		return
	}
	for _, each := range listed {
		p.list(idHash(each.SessionID))
	}
}

func idHash(id string) uint64 { return maphash.String(hashSeed, id) }

// Waits until every client sees its room as it is.
func (c *crowd) expectPictures(outcome *Outcome) {
	rooms := map[int][]*session{}
	for _, s := range c.sessions {
		rooms[s.number/c.roomSize] = append(rooms[s.number/c.roomSize], s)
	}
	fault := func() error {
		for number, members := range rooms {
			if err := wrongPicture(members); err != nil {
				return fmt.Errorf("room-%d: %w", number, err)
			}
		}
		return nil
	}
	if !eventually(func() bool { return fault() == nil }) {
		outcome.fail(1, c.firstError(fault()))
	}
}

// The audience counts a client itself, if it is not listed: it sees everybody in the room then, and else all but itself.
// There are as many of the former as the audience has.
func wrongPicture(members []*session) error {
	total, selves := int64(len(members)), int64(0)
	for _, s := range members {
		switch seen := s.picture.seen.Load(); seen {
		case total:
			selves++
		case total - 1:
		default:
			return fmt.Errorf("user-%d sees %d of %d", s.number, seen, total)
		}
	}
	for _, s := range members {
		if counted := s.picture.audience.Load(); counted != selves {
			return fmt.Errorf("user-%d is told of an audience of %d, which is %d", s.number, counted, selves)
		}
	}
	return nil
}
