"""Several services and servers die at once."""

from .base import Nemesis


class Storm(Nemesis):
    """Kills two to four services or servers together, and starts them in random order."""

    name = "all at once"

    def round(self) -> None:
        everything = [*self.world.services, *self.world.servers]
        victims = self.rng.sample(everything, self.rng.randint(2, 4))
        for victim in victims:
            if victim in self.world.servers:
                self.world.kill_server(victim)
            else:
                self.world.kill_service(victim, whole=True)
        self.hold(0, 1.5)
        for victim in self.rng.sample(victims, len(victims)):
            if victim in self.world.servers:
                self.world.servers[victim].start()
            else:
                self.world.services[victim].start()
        self.world.repair()
        self.world.measure_resume("server", " and ".join(victims))
