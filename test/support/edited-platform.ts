import { CopiedProgram } from "./copied-program.ts";
import { LocalPlatform } from "./local-platform.ts";
import type { StackUpdate, UpdateSettings } from "./update-stack.ts";

/** A platform that was made from a copy of the program, and the copy, for a test to edit. */
export class EditedPlatform implements AsyncDisposable {
  readonly platform: LocalPlatform;
  readonly program: CopiedProgram;

  private constructor(platform: LocalPlatform, program: CopiedProgram) {
    this.platform = platform;
    this.program = program;
  }

  static async make(settings: UpdateSettings = {}): Promise<EditedPlatform> {
    const edited = new EditedPlatform(await LocalPlatform.start(), await CopiedProgram.make());
    await edited.update(settings);
    return edited;
  }

  /** Runs the program as it is edited by now. */
  update(settings: UpdateSettings = {}): Promise<StackUpdate> {
    return this.platform.update({ ...settings, programDir: this.program.folder });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.platform.stop();
    await this.program[Symbol.asyncDispose]();
  }
}
