from llvmlite.binding import ModulePassManager

class NewPassManager:
    @staticmethod
    def _dispose(passes: ModulePassManager) -> None: ...
