// Somebody's app: matrix-js-sdk with its crypto in Rust, in the mode in which only signed devices count.
//
// A JSON object a line. In: commands {id, do, …}; out: their answers {id, answer} or {id, error}, and what others say,
// {said: {…}}, as soon as it is seen and again when it can be read or is known not to be. It ends with its input.

import { createInterface } from "node:readline";
import { Console } from "node:console";
import { setTimeout as pause } from "node:timers/promises";
import { MatrixEventEvent, RoomEvent, SyncState, createClient } from "matrix-js-sdk";
import { EventShieldColour, EventShieldReason, OnlySignedDevicesIsolationMode } from "matrix-js-sdk/lib/crypto-api/index.js";
import { logger } from "matrix-js-sdk/lib/logger.js";

const PATIENCE_MS = 10_000;
const PAUSE_MS = 20;

// Standard output is for the lines; the Rust part logs each of its steps at "info" and "debug".
globalThis.console = new Console(process.stderr, process.stderr);
console.log = console.info = console.debug = () => {};
logger.setLevel("warn", false);

let client;

const commands = {
    /** Log in as a device, with new keys that a new identity of the account signs. */
    async start({ homeserver, user, device, token, password }) {
        client = createClient({ baseUrl: homeserver, userId: user, deviceId: device, accessToken: token, logger });
        await client.initRustCrypto({ useIndexedDB: false });
        const crypto = client.getCrypto();
        crypto.setDeviceIsolationMode(new OnlySignedDevicesIsolationMode());
        const identifier = { type: "m.id.user", user };
        await crypto.bootstrapCrossSigning({
            authUploadDeviceSigningKeys: (upload) => upload({ type: "m.login.password", identifier, password }),
        });
        client.on(RoomEvent.Timeline, report);
        client.on(MatrixEventEvent.Decrypted, report);
        await client.startClient();
        // Its own signature the app learns from the server too.
        const signed = async () => (await crypto.getDeviceVerificationStatus(user, device))?.crossSigningVerified;
        await until(async () => client.getSyncState() === SyncState.Syncing && (await signed()), "not in sync and signed");
    },

    invites() {
        const invited = (room) => room.getMyMembership() === "invite";
        return client.getRooms().filter(invited).map((room) => room.roomId);
    },

    /** Accept an invitation. */
    async join({ room }) {
        await until(() => commands.invites().includes(room), "not invited");
        return (await client.joinRoom(room)).roomId;
    },

    /** Send an event; where the room is not known to be encrypted, nothing. */
    async send({ room, type, content }) {
        const crypto = client.getCrypto();
        const joined = () => client.getRoom(room)?.getMyMembership() === "join";
        await until(async () => joined() && (await crypto.isEncryptionEnabledInRoom(room)), "not in an encrypted room");
        return (await client.sendEvent(room, type, content)).event_id;
    },
};

async function report(event) {
    const messages = ["m.room.message", "m.room.encrypted"];
    if (!messages.includes(event.getType()) || event.getSender() === client.getUserId()) return;
    const clear = !event.isEncrypted() || (event.getClearContent() && !event.isDecryptionFailure());
    const info = await client.getCrypto().getEncryptionInfoForEvent(event);
    say({
        said: {
            event: event.getId(),
            room: event.getRoomId(),
            sender: event.getSender(),
            body: clear ? (event.getContent().body ?? "") : null,
            failure: event.decryptionFailureReason,
            shield: info && EventShieldColour[info.shieldColour],
            reason: info && info.shieldReason !== null ? EventShieldReason[info.shieldReason] : null,
        },
    });
}

async function until(condition, otherwise) {
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await condition())) {
        if (Date.now() > deadline) throw new Error(otherwise);
        await pause(PAUSE_MS);
    }
}

function say(line) {
    process.stdout.write(JSON.stringify(line) + "\n");
}

async function obey({ id, do: name, ...values }) {
    try {
        say({ id, answer: await commands[name](values) });
    } catch (error) {
        say({ id, error: String(error?.stack ?? error) });
    }
}

for await (const line of createInterface({ input: process.stdin })) obey(JSON.parse(line));
client?.stopClient();
process.exit(0);
