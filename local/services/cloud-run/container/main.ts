import { guardListening } from "./guard-listening.ts";
import { guardNames } from "./guard-names.ts";
import { guardProcesses } from "./guard-processes.ts";
import { guardDatagrams, guardStreams } from "./guard-sockets.ts";
import { linkToHost } from "./host-link.ts";

/**
 * Loaded before an instance's own code, in its process and in its worker threads: what a container
 * and its network are to Cloud Run. Every connection is judged where Node's JavaScript hands it to
 * native code, so that a workload which was configured wrongly reaches nobody. It is no sandbox
 * for hostile code: what native code opens by itself is not seen (an extension that `node:sqlite`
 * loads; what `--expose-internals` brings out), and Node 24's permission model knows no network.
 *
 * Bundled into one CommonJS file without dependencies: as modules it would cost each start 80 ms.
 */
linkToHost();
guardListening();
guardStreams();
guardDatagrams();
guardNames();
guardProcesses(__filename);
