package main

import (
	"errors"
	"reflect"
	"unsafe"

	ionsfu "github.com/pion/ion-sfu/pkg/sfu"
	"github.com/pion/ion/pkg/node/sfu"
)

// rooms finds the peers that Ion has in its rooms (its sessions).
type rooms struct {
	sfu *ionsfu.SFU
}

// roomsOf reads the one private field of Ion's service: nothing else leads to a peer whose handler has panicked.
func roomsOf(service *sfu.SFUService) (*rooms, error) {
	field := reflect.ValueOf(service).Elem().FieldByName("sfu")
	if !field.IsValid() || field.Type() != reflect.TypeOf((*ionsfu.SFU)(nil)) {
		return nil, errors.New("this Ion is not v1.10.0: its service has no field sfu")
	}
	return &rooms{sfu: *(**ionsfu.SFU)(unsafe.Pointer(field.UnsafeAddr()))}, nil
}

// peer gives nil if there is none.
func (r *rooms) peer(place seat) ionsfu.Peer {
	for _, session := range r.sfu.GetSessions() {
		if session.ID() == place.room {
			return session.GetPeer(place.uid)
		}
	}
	return nil
}

func (r *rooms) count() int {
	return len(r.sfu.GetSessions())
}

func (r *rooms) peers() int {
	count := 0
	for _, session := range r.sfu.GetSessions() {
		count += len(session.Peers())
	}
	return count
}
