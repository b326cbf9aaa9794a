// SPDX-License-Identifier: Apache-2.0
// The same as dialogue.py for `pn532` of npm, by its public sendCommand: it has no call for APDUs.
// NODE_PATH says where the packages are.
'use strict';
const { SerialPort } = require('serialport');
const { PN532 } = require('pn532');
const version = (name) => name + ' ' + require(name + '/package.json').version;
const IN_DATA_EXCHANGE = 0x40;
const WAIT_MS = Number(process.env.WAIT_MS || 20000);

const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const limited = (promise) => Promise.race([promise, new Promise((_, reject) =>
    setTimeout(() => reject(new Error('no answer within the limit')), WAIT_MS).unref())]);

async function main(commands) {
    const port = new SerialPort({ path: process.argv[2], baudRate: 115200 });
    const reader = new PN532(port);
    try {
        await limited(new Promise((resolve, reject) => {
            reader.on('ready', resolve);
            port.on('error', reject);
        }));
        await limited(reader.getFirmwareVersion());
        const card = await limited(reader.scanTag());
        if (!card) throw new Error('scanTag found no card');
        say({ driver: version('pn532') + ' on ' + version('serialport'), uid: card.uid.replaceAll(':', ''), ats: null });
    } catch (fault) {
        say({ never: String(fault) });
        process.exit();
    }
    for (const command of commands) {
        try {
            const frame = await limited(reader.sendCommand(
                [IN_DATA_EXCHANGE, 1, ...Buffer.from(command, 'hex')]));
            const body = frame.getDataBody();
            if (body[0]) throw new Error('status ' + body[0]);
            say({ answer: body.slice(1, -1).toString('hex') }); // it counts the DCS as data
        } catch (fault) {
            say({ failed: String(fault) });
        }
    }
    process.exit();
}

main(require('fs').readFileSync(0, 'latin1').split('\n').filter((line) => line));
