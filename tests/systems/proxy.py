"""A server in the way of another one, for tests of what happens when it fails: proxy.py TARGET MODE [BYTES]

Its first line says on which port it listens.
silent: takes connections and never answers. down: ends the one by which BYTES have come from the target; up: … have gone to it. Later
connections pass.
"""
import socket
import sys
import threading

target, mode = int(sys.argv[1]), sys.argv[2]
left = {mode: int(sys.argv[3]) if len(sys.argv) > 3 else 0}
held = []


def passing(source, sink, direction):
    try:
        while data := source.recv(65536):
            if direction in left:
                left[direction] -= len(data)
                if left[direction] < 0:
                    del left[direction]
                    break
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    while True:
        client, _ = server.accept()
        if mode == "silent":
            held.append(client)
            continue
        try:
            up = socket.create_connection(("127.0.0.1", target))
        except OSError:
            client.close()
            continue
        threading.Thread(target=passing, args=(client, up, "up"), daemon=True).start()
        threading.Thread(target=passing, args=(up, client, "down"), daemon=True).start()
